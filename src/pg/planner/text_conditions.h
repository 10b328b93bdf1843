#pragma once

namespace profiles::pg {

// To be called once, when the library is loaded.
void init_text_conditions();

}  // namespace profiles::pg
