// Writes one column of a block: chooses the form of its codes, appends dictionary and codes to the
// bytes of the block, and says in its entry what it wrote.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "block_layout.h"
#include "value_table.h"

namespace profiles {

// Codes in the order of the rows: 0 for a missing value, else the number in `values` + 1.
void write_column(const ValueTable &values, std::span<std::uint32_t> codes, block::Entry &entry,
                  std::string &out);

// False when the numbers have no common form in 64 bits: then they are values.
bool write_numbers(std::span<const Number> numbers, block::Entry &entry, std::string &out);

void write_integers(std::span<const std::int64_t> integers, block::Entry &entry, std::string &out);
// Milliseconds; the quarters of an hour apart where that takes no more bytes.
void write_times(std::span<const std::int64_t> times, block::Entry &entry, std::string &out);

}  // namespace profiles
