// Walks all bytes of a block that nobody vouches for: one that came by COPY or replication.
#pragma once

#include <string_view>

namespace profiles {

// Throws `corrupted` (or `unsupported`) unless every byte is as block_layout.h wants it and every
// event is one that event_list could hold.
void check_block(std::string_view bytes);

}  // namespace profiles
