// The background processes that compact the apps of a server by their policies, when the library is in
// shared_preload_libraries.
#pragma once

namespace profiles::pg {

// Defines profiles.compact_databases and profiles.compact_naptime, and registers the launcher where the
// server can take it. Called once, from _PG_init.
void init_compaction();

}  // namespace profiles::pg
