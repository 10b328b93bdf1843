// Runs of rows by a bit for each row, 64 a word: it is set where a run begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace profiles {

// How many there are.
std::uint32_t count_runs(const char *bits, std::size_t words);

// The number of the run of each of these rows. Runs are short, so that stepping from one to the next would mostly be a
// surprise to the processor: it is as many as begin up to the row, without the first.
void number_runs(const char *bits, std::size_t words, std::span<const std::uint16_t> rows,
                 std::uint16_t *runs);

}  // namespace profiles
