// Texts of a SQL array.
#pragma once

#include <span>

#include "datum.h"

extern "C" {
#include "utils/array.h"
}

namespace profiles::pg {

// The elements that are not null; they point into the array. A fetch step: may ereport.
std::span<const std::string_view> texts_of_array(ArrayType *array);

}  // namespace profiles::pg
