// What was skipped, as the JSON that results show: [{"key": ..., "operator": ..., "reason": ...}, ...].
#pragma once

#include "../../core/profile/json_writer.h"
#include "../../core/update/update.h"

namespace profiles::pg {

inline const char *write_skips(const SkipList &skips, std::pmr::memory_resource *memory)
{
    TextBuffer out(memory);
    out.add('[');
    for (const Skip &skip : skips) {
        out.add(&skip == skips.data() ? "{\"key\": " : ", {\"key\": ");
        write_json_string(skip.key, out);
        if (!skip.operator_name.empty()) {
            out.add(", \"operator\": ");
            write_json_string(skip.operator_name, out);
        }
        out.add(", \"reason\": ");
        write_json_string(skip.reason, out);
        out.add('}');
    }
    out.add(']');
    return out.c_string();
}

}  // namespace profiles::pg
