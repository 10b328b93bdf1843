// What the texts of ingestion's statements are made of, and the long ones among them.
#pragma once

#include "../guard.h"

extern "C" {
#include "lib/stringinfo.h"
}

namespace profiles::pg {

// Nothing is left to the caller's search_path.
#define BUCKET(uid) "(" uid " OPERATOR(pg_catalog.>>) 16)::pg_catalog.int4"
#define OF_USER "uid OPERATOR(pg_catalog.=) $1 AND bucket OPERATOR(pg_catalog.=) " BUCKET("$1")
// %1$s is the schema.
#define BLOCKS_OF_USER                                                           \
    "SELECT FROM %1$s.event_blocks WHERE bucket OPERATOR(pg_catalog.=) " BUCKET( \
        "$1") " AND first_uid OPERATOR(pg_catalog.<=) $1 AND last_uid OPERATOR(pg_catalog.>=) $1"

void append_count_crash(StringInfo sql, const char *schema);
void append_move_crashes(StringInfo sql, const char *schema);
void append_move(StringInfo sql, const char *schema, const char *table, const char *columns);
void append_profile_then(StringInfo sql, const char *schema, const char *app);
void append_record_merge(StringInfo sql, const char *schema);
void append_forget_location(StringInfo sql, const char *schema);
void append_log_requests(StringInfo sql, const char *schema);

}  // namespace profiles::pg
