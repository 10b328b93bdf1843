// Replaces one value deep in a profile by copying the bytes around it: the commonest update (a counter,
// a plan) costs little more than the copy. Only for narrow containers that stay narrow; Assembly does
// the rest.
#pragma once

#include <optional>

#include "view.h"

namespace profiles {

class Replacement {
public:
    // The value of the member at `position` of `group`, which is the member at `group_position` of
    // `root`; for a member of the root itself, `group` is null. Nothing when the shortcut does not fit.
    static std::optional<Replacement> make(const View &root, std::uint32_t group_position,
                                           const View *group, std::uint32_t position,
                                           const Item &value);

    std::size_t size() const { return root_.size() + value_.bytes.size() - old_.size(); }
    void write(char *out) const;

private:
    // A container on the way, by the offset of its bytes, and the entry in it that changes.
    struct Step {
        std::size_t start;
        std::uint32_t entry;
        layout::Header header;
    };

    bool add_step(const View &container, std::uint32_t position);
    void patch(char *out, const Step &step, bool is_last) const;

    std::string_view root_;
    std::string_view old_;
    Item value_;
    Step steps_[2];
    int step_count_ = 0;
};

}  // namespace profiles
