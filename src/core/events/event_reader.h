// Reads the events of many lists, most of which have the same members: where they are is found once for each set of
// members, and known again by the bytes of their names.
#pragma once

#include <array>

#include "event_list.h"

namespace profiles {

class EventReader {
public:
    // What read_event() does.
    bool read(const Item &element, const std::optional<std::string> &key, Event &event);

private:
    static constexpr std::size_t kMaxMembers = 8, kMaxNames = 40, kShapes = 4;

    enum class Member : std::uint8_t { key, ts, count, sum, duration, hour, weekday, segmentation };

    // The bytes of an event up to the names of its members, these names, and which members they are.
    struct Shape {
        std::uint32_t count = 0;  // 0: none yet
        std::uint32_t names_size = 0;
        bool has_key = false;
        std::array<char, layout::kHeaderSize + 2 * kMaxMembers> head{};
        std::array<char, kMaxNames> names{};
        std::array<Member, kMaxMembers> members{};

        std::size_t head_size() const { return layout::kHeaderSize + 2 * std::size_t{count}; }
        std::size_t names_start() const { return layout::kHeaderSize + 4 * std::size_t{count}; }
        bool fits(std::string_view event) const;
    };

    const Shape *find(std::string_view event);
    void learn(const View &event);
    static bool read_members(const Shape &shape, std::string_view bytes,
                             const std::optional<std::string> &key, Event &event);
    static void set_member(Member member, const Item &value, Event &event);
    static bool find_member(std::string_view name, Member &member);

    std::array<Shape, kShapes> shapes_;
    std::size_t latest_ = 0;  // of these: the next event is likely to have it, too
    std::size_t next_ = 0;    // that is given up for another one
};

}  // namespace profiles
