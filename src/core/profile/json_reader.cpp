// The only file that knows RapidJSON: its SAX reader, iterative (nothing recurses on input), with
// checked encoding, numbers handed over as text so that no float is ever made. Its assert must not
// abort a server, and its namespace must not meet another library's copy in the same process.
#include "json_reader.h"

#include <cstdlib>
#include <vector>

#include "../error.h"

#define RAPIDJSON_NAMESPACE profiles_rapidjson
#define RAPIDJSON_NAMESPACE_BEGIN namespace profiles_rapidjson {
#define RAPIDJSON_NAMESPACE_END }
#define RAPIDJSON_ASSERT(condition) \
    ((condition) ? void() : throw profiles::Error(profiles::ErrorCode::invalid_text, "invalid JSON"))
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

namespace profiles {

namespace json = profiles_rapidjson;

namespace {

// RapidJSON does not test what its allocator returns.
class Allocator {
public:
    static const bool kNeedFree = true;
    void *Malloc(std::size_t size) { return size ? checked(std::malloc(size)) : nullptr; }
    void *Realloc(void *block, std::size_t, std::size_t size)
    {
        if (size == 0) {
            std::free(block);
            return nullptr;
        }
        return checked(std::realloc(block, size));
    }
    static void Free(void *block) { std::free(block); }

private:
    static void *checked(void *block)
    {
        if (!block)
            throw std::bad_alloc();
        return block;
    }
};

// Collects finished values on one stack; a container takes its children from the top.
class Collector : public json::BaseReaderHandler<json::UTF8<>, Collector> {
public:
    explicit Collector(std::pmr::memory_resource *memory) : memory_(memory), finished_(memory), open_(memory) {}

    bool Null() { return add(Node()); }
    bool Bool(bool value) { return add(make_boolean(value)); }
    bool RawNumber(const char *text, json::SizeType length, bool)
    {
        return add(make_number(Number::parse({text, length}), memory_));
    }
    bool String(const char *text, json::SizeType length, bool) { return add(make_text(keep({text, length}))); }
    bool Key(const char *text, json::SizeType length, bool)
    {
        open_.back().key = keep({text, length});
        return true;
    }
    bool StartObject() { return start(); }
    bool StartArray() { return start(); }
    bool EndObject(json::SizeType) { return end(Type::object); }
    bool EndArray(json::SizeType) { return end(Type::array); }

    Node result() const { return finished_.front(); }

private:
    struct Open {
        std::size_t first;     // of its children on the stack
        std::string_view key;  // of the member that is being read
    };

    bool start()
    {
        if (open_.size() >= layout::kMaxDepth)
            throw Error(ErrorCode::limit_exceeded, "value is nested too deeply",
                        "At most " + std::to_string(layout::kMaxDepth) + " levels are allowed.");
        open_.push_back({finished_.size(), {}});
        return true;
    }

    bool end(Type type)
    {
        std::size_t first = open_.back().first, count = finished_.size() - first;
        auto *children = static_cast<Node *>(memory_->allocate(count * sizeof(Node) + 1, alignof(Node)));
        std::uninitialized_copy_n(finished_.begin() + static_cast<std::ptrdiff_t>(first), count, children);
        finished_.resize(first);
        open_.pop_back();
        return add(make_container(type, {children, count}));
    }

    bool add(Node node)
    {
        if (!open_.empty())
            node.key = open_.back().key;
        finished_.push_back(node);
        return true;
    }

    // The reader reuses its buffer, so a string is copied once, here.
    std::string_view keep(std::string_view text)
    {
        if (text.find('\0') != std::string_view::npos)
            throw Error(ErrorCode::invalid_encoding, "text must not contain NUL characters");
        auto *bytes = static_cast<char *>(memory_->allocate(text.size() + 1, 1));
        std::memcpy(bytes, text.data(), text.size());
        return {bytes, text.size()};
    }

    std::pmr::memory_resource *memory_;
    NodeList finished_;
    std::pmr::vector<Open> open_;
};

[[noreturn]] void raise_parse_error(json::ParseErrorCode code, std::size_t offset, const char *what)
{
    std::string detail = "At byte " + std::to_string(offset + 1) + ": " + json::GetParseError_En(code);
    if (code == json::kParseErrorStringInvalidEncoding)
        throw Error(ErrorCode::invalid_encoding, std::string("invalid UTF-8 in ") + what, detail);
    throw Error(ErrorCode::invalid_text, std::string("invalid input syntax for ") + what, detail);
}

}  // namespace

Node read_json(std::string_view text, std::pmr::memory_resource *memory, const char *what)
{
    constexpr unsigned kFlags = json::kParseIterativeFlag | json::kParseValidateEncodingFlag |
                                json::kParseNumbersAsStringsFlag;
    Allocator allocator;
    Collector collector(memory);
    json::GenericReader<json::UTF8<>, json::UTF8<>, Allocator> reader(&allocator);
    json::MemoryStream stream(text.data(), text.size());
    json::ParseResult parsed = reader.Parse<kFlags>(stream, collector);
    if (parsed.IsError())
        raise_parse_error(parsed.Code(), parsed.Offset(), what);
    return collector.result();
}

}  // namespace profiles
