// What a column of the foreign tables events and sessions is, and which expressions on one are columns of
// their own: profile ->> 'custom.plan' is read like a column, without the profile.
#pragma once

#include "../guard.h"

#include "../../core/profile/value.h"

extern "C" {
#include "nodes/primnodes.h"
}

namespace profiles::pg {

enum class Source : std::uint8_t {
    nothing,  // a dropped column
    uid,
    ts,
    key,
    count,
    sum,
    duration,
    device_id,
    segmentation,
    profile,
    property,  // one property of the profile
    segment,   // one of the segmentation
};

// Plain data.
struct ScanColumn {
    Source source;
    bool as_json;      // as -> gives it, not as ->>
    const char *name;  // of the property or segment
    Oid type;
};

// The option of a foreign table that says which events it has, and those of columns that say what they are.
inline constexpr const char *kRelationOption = "relation";
inline constexpr const char *kPropertyOption = "property";
inline constexpr const char *kSegmentOption = "segment";

// Raises for a column that no event has.
ScanColumn column_of_attribute(Oid table, AttrNumber attribute);

// A column that `expression` on a column of the foreign table (which is `varno`) is; false when it is none.
bool column_of_expression(const ::Node *expression, Index varno, Oid table, ScanColumn *column);

// What stands in the scan's own list of columns.
ScanColumn column_of_target(const ::Node *expression, Index varno, Oid table);

// profile @@ segment: which argument is the segment, or -1 for any other operator.
int segment_argument(const OpExpr *expression);

// Whether blocks have them as codes of values, rather than as numbers, users or whole documents.
bool has_codes(Source source);

// The same values in the same places of a block.
bool is_same_source(const ScanColumn &left, const ScanColumn &right);

// What EXPLAIN calls it.
const char *describe_column(const ScanColumn &column);

// A text value or number as the column shows it. A finish step; only for values of columns key, device_id,
// sum, duration, property and segment.
Datum datum_of_item(const ScanColumn &column, const Item &item, bool *is_null);

// coefficient * 10^-digits, as short as it can be.
Datum scaled_numeric(std::int64_t coefficient, std::uint16_t digits);

}  // namespace profiles::pg
