// What every target shares. A target is one function over bytes: libFuzzer calls it with inputs of its
// own (make fuzz), replay.cpp with the seeds (make fuzz-seeds, a part of make test). An Error is an
// answer; a broken promise ends the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory_resource>
#include <string>
#include <string_view>

#include "../../src/core/error.h"
#include "../../src/core/profile/assembly.h"
#include "../../src/core/profile/check.h"
#include "../../src/core/profile/compare.h"
#include "../../src/core/profile/document.h"
#include "../../src/core/profile/json_reader.h"
#include "../../src/core/profile/json_writer.h"
#include "../../src/core/profile/reference.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace profiles::fuzz {

inline void promise(bool kept, const char *what)
{
    if (kept)
        return;
    std::cerr << "broken promise: " << what << '\n';
    std::abort();
}

inline std::string_view text_of(std::string_view profile, std::pmr::memory_resource *memory)
{
    TextBuffer out(memory);
    write_json({Type::object, profile}, out);
    return out.view();
}

inline std::string_view build_profile(std::string_view json, std::pmr::memory_resource *memory)
{
    Node root = read_json(json, memory, "profile");
    normalise_profile(root);
    return pack(root, memory);
}

}  // namespace profiles::fuzz
