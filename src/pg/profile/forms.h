// The two forms in which the types that are JSON go in and out: text, and for the binary protocol a
// version byte and that text.
#pragma once

#include "datum.h"

namespace profiles::pg {

// The value as a C string of JSON.
char *json_text(const Item &item);

// What the arguments of a receive function bring, as text. A fetch step: raises 22P03 for another version.
std::string_view receive_json(FunctionCallInfo fcinfo, const char *type);
// The answer of a send function.
Datum send_json(const Item &item);

}  // namespace profiles::pg
