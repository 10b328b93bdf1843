// Numbers for the values of a breakdown, so that groups are found by numbers and not by texts.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace profiles {

class ValueIds {
public:
    using Value = std::optional<std::string>;  // nothing: the property is missing

    static constexpr std::uint32_t kMissing = 0;
    static constexpr std::uint32_t kUnknown = UINT32_MAX;

    // From now on, values that have no number yet get none.
    void close() { closed_ = true; }
    bool is_closed() const { return closed_; }

    // kUnknown for a new value after close().
    std::uint32_t id_of(std::optional<std::string_view> value)
    {
        if (!value)
            return kMissing;
        auto at = ids_.find(*value);
        if (at != ids_.end())
            return at->second;
        if (closed_)
            return kUnknown;
        auto id = static_cast<std::uint32_t>(values_.size());
        values_.emplace_back(*value);
        ids_.emplace(*value, id);
        bytes_ += kBytesOfValue + 2 * value->size();
        return id;
    }
    // What they take, about.
    std::size_t bytes() const { return bytes_; }
    // One more than the largest number.
    std::size_t size() const { return values_.size(); }
    const Value &value_of(std::uint32_t id) const { return values_[id]; }

private:
    static constexpr std::size_t kBytesOfValue = 2 * sizeof(Value) + 48;  // both copies, and a node

    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> ids_;
    std::vector<Value> values_{std::nullopt};
    std::size_t bytes_ = 0;
    bool closed_ = false;
};

}  // namespace profiles
