// What is taken out of a record of a MaxMind DB: the place, the whole as JSON, or one field.
//
// Two schemas are in use and a file may mix them, so the keys are probed; the name of the database
// type says nothing dependable.
//
//              MaxMind (nested)                         free databases (flat)
//   country    country.iso_code, registered_country     country_code, or country as a text
//   region     subdivisions[0].names.en, iso_code       state1
//   city       city.names.en                            city as a text
//   point      location.latitude, longitude             latitude, longitude (floats)
//   time zone  location.time_zone                       timezone
//   accuracy   location.accuracy_radius                 -
//
// The flat files write an empty text for what they do not know; it counts as absent. A name is the one in
// the wanted language, else the English one, else the first.
#pragma once

#include <memory_resource>
#include <span>
#include <string>
#include <vector>

#include "mmdb_data.h"
#include "place.h"

namespace profiles::location {

// The texts of the Place lie in the data that the reader reads.
Place read_place(DataReader &reader, std::uint32_t entry, std::string_view language);

// The country of read_place(), without reading what comes after it.
std::string_view read_country(DataReader &reader, std::uint32_t entry);

// True when records that stand behind this one have no say about the key: it is there, or this record is
// no map.
bool decides(DataReader &reader, std::uint32_t entry, std::string_view key);

// Appends the pairs of the record, a map, whose keys are not in `keys` yet, each after a comma but for
// the first of `keys`; adds these keys. The keys lie in the reader's data.
void write_new_pairs(DataReader &reader, std::uint32_t entry,
                     std::pmr::vector<std::string_view> &keys, std::pmr::string &out);
bool is_map(DataReader &reader, std::uint32_t entry);

// Appends the record as JSON text. Bytes become a text as PostgreSQL writes bytea ("\x2a"), numbers
// that JSON does not have (NaN, infinity) become null.
void write_json(DataReader &reader, std::uint32_t entry, std::pmr::string &out);

// The field at the end of a path of keys and array positions (from 0, negative from the end).
enum class FieldKind { missing, text, json };
// Appends a text as it is, anything else as JSON.
FieldKind write_field(DataReader &reader, std::uint32_t entry,
                      std::span<const std::string_view> path, std::pmr::string &out);

}  // namespace profiles::location
