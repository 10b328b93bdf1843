#include "property.h"

namespace profiles {

Reference parse_property(std::string_view text, std::pmr::memory_resource *memory)
{
    if (text.empty() || text.find('.') != std::string_view::npos)
        return parse_reference(text, memory);
    Reference reference(memory);
    reference.path.push_back(text);
    return reference;
}

}  // namespace profiles
