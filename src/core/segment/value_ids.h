// Numbers for the values of a breakdown, so that groups are found by numbers and not by texts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
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
    std::uint32_t id_of(const Value &value)
    {
        if (!value)
            return kMissing;
        if (closed_) {
            auto at = ids_.find(*value);
            return at == ids_.end() ? kUnknown : at->second;
        }
        auto [at, is_new] = ids_.try_emplace(*value, static_cast<std::uint32_t>(values_.size()));
        if (is_new) {
            values_.push_back(value);
            bytes_ += kBytesOfValue + 2 * value->size();
        }
        return at->second;
    }
    // What they take, about.
    std::size_t bytes() const { return bytes_; }
    // One more than the largest number.
    std::size_t size() const { return values_.size(); }
    const Value &value_of(std::uint32_t id) const { return values_[id]; }

private:
    static constexpr std::size_t kBytesOfValue = 2 * sizeof(Value) + 48;  // both copies, and a node

    std::unordered_map<std::string, std::uint32_t> ids_;
    std::vector<Value> values_{std::nullopt};
    std::size_t bytes_ = 0;
    bool closed_ = false;
};

}  // namespace profiles
