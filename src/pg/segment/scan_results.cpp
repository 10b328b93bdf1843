#include "scan_results.h"

extern "C" {
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"
}

namespace profiles::pg {

Datum text_array_of(const Group &group)
{
    int count = static_cast<int>(group.segment.size());
    Datum values[kMaxBreakdowns];
    bool nulls[kMaxBreakdowns];
    for (int index = 0; index < count; ++index) {
        const std::optional<std::string> &value = group.segment[static_cast<std::size_t>(index)];
        nulls[index] = !value;
        values[index] = value ? PointerGetDatum(cstring_to_text_with_len(
                                    value->data(), static_cast<int>(value->size())))
                              : Datum(0);
    }
    if (count == 0)
        return PointerGetDatum(construct_empty_array(TEXTOID));
    int lower = 1;
    return PointerGetDatum(
        construct_md_array(values, nulls, 1, &count, &lower, TEXTOID, -1, false, TYPALIGN_INT));
}

void put_users(ReturnSetInfo *result, const UserSet &users)
{
    std::uint64_t count = users.count();
    auto *uids = static_cast<std::int64_t *>(
        palloc_extended(sizeof(std::int64_t) * (count + 1), MCXT_ALLOC_HUGE));
    users.write(uids);
    for (std::uint64_t index = 0; index < count; ++index) {
        CHECK_FOR_INTERRUPTS();
        Datum value = Int64GetDatum(uids[index]);
        bool is_null = false;
        tuplestore_putvalues(result->setResult, result->setDesc, &value, &is_null);
    }
    pfree(uids);
}

}  // namespace profiles::pg
