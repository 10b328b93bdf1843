// The parameter `crash`.
#include <algorithm>
#include <charconv>

#include "../error.h"
#include "../update/text.h"
#include "duplicates.h"
#include "repeated_names.h"
#include "reports.h"
#include "system_event.h"

namespace profiles {

namespace {

constexpr std::size_t kLongestText = 20000;  // characters of an error, a log
constexpr std::size_t kLongestName = 256;
constexpr std::size_t kLongestSegment = 128;  // its name
constexpr std::string_view kCrash = "[CLY]_crash", kGroup = "crash_group";

std::string_view text_of(const Node *node)
{
    return node && node->type == Type::text ? node->bytes : std::string_view();
}

// As SDKs say yes: true or 1, as itself or as a text.
bool is_yes(const Node *node)
{
    if (!node || node->is_container())
        return false;
    return node->type == Type::yes || text_of(node) == "true" || text_of(node) == "1" ||
           (node->item().is_number() && number_of(node->item()) == Number(1));
}

std::string_view first_line(std::string_view error)
{
    std::size_t begin = error.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos)
        return {};
    error.remove_prefix(begin);
    return cut_characters(error.substr(0, error.find_first_of("\r\n")), kLongestName);
}

// Addresses, line numbers and ids differ from report to report of one fault: runs of digits are one
// mark, hexadecimal ones too where they say so (0x...).
std::string_view without_numbers(std::string_view error, std::pmr::memory_resource *memory)
{
    auto is_digit = [](char byte) { return byte >= '0' && byte <= '9'; };
    auto is_hex = [&](char byte) {
        char lower = static_cast<char>(byte | 0x20);
        return is_digit(byte) || (lower >= 'a' && lower <= 'f');
    };
    auto *bytes = static_cast<char *>(memory->allocate(error.size() + 1, 1));
    std::size_t size = 0;
    for (std::size_t at = 0; at < error.size();) {
        if (!is_digit(error[at])) {
            bytes[size++] = error[at++];
            continue;
        }
        bool hex = error.substr(at).starts_with("0x");
        at += hex ? 2 : 1;
        while (at < error.size() && (hex ? is_hex(error[at]) : is_digit(error[at])))
            ++at;
        bytes[size++] = '#';
    }
    return {bytes, size};
}

std::string_view group_of(const CrashReport &report, std::pmr::memory_resource *memory)
{
    std::string_view parts[] = {without_numbers(report.error, memory), report.platform,
                                report.fatal ? "fatal" : "nonfatal"};
    auto *digits = static_cast<char *>(memory->allocate(16, 1));
    std::uint64_t hash = hash_texts(parts);
    for (int digit = 15; digit >= 0; --digit, hash >>= 4)
        digits[digit] = "0123456789abcdef"[hash & 15];
    return {digits, 16};
}

class CrashReader {
public:
    CrashReader(const Request &request, SkipList &skips, std::pmr::memory_resource *memory)
        : request_(request), skips_(skips), memory_(memory), segments_(memory)
    {
    }

    std::optional<CrashReport> read(NodeList &events)
    {
        CrashReport report;
        report.error = cut_characters(text_of(request_.crash.find("_error")), kLongestText);
        report.name = first_line(report.error);
        if (report.name.empty()) {
            skip("has no \"_error\"");
            return std::nullopt;
        }
        report.platform = text_of(request_.crash.find("_os"));
        report.app_version = text_of(request_.crash.find("_app_version"));
        report.fatal = !is_yes(request_.crash.find("_nonfatal"));
        report.group = group_of(report, memory_);
        segments_.push_back(member(kGroup, make_text(report.group)));
        for (const Node &each : request_.crash.children)
            add(each);
        report_collisions();
        events.push_back(make_event(kCrash, request_.time, Node(), segments_, memory_));
        return report;
    }

private:
    // `_os` becomes `os`, a custom segment `x` becomes `custom_x`.
    void add(const Node &sent)
    {
        if (sent.key == "_custom" && sent.type == Type::object) {
            for (const Node &custom : sent.children) {
                std::string name = "custom_" + std::string(custom.key);
                std::erase_if(name, [](char byte) { return byte == '.' || byte == '$'; });
                std::string_view kept = cut_characters(name, kLongestSegment);
                if (kept.size() < name.size())
                    skip(quoted(custom.key) + " is named by its first characters");
                add_single(keep_text(kept, memory_), custom);
            }
            return;
        }
        add_single(sent.key.starts_with("_") ? sent.key.substr(1) : sent.key, sent);
    }

    void add_single(std::string_view name, const Node &sent)
    {
        if (sent.type == Type::null)
            return;
        if (name.empty() || name == kGroup || name.find_first_of(".$") != name.npos) {
            skip(quoted(sent.key) + " is no name of a segment");
            return;
        }
        if (sent.is_container()) {
            skip(quoted(sent.key) + " is no single value");
            return;
        }
        Node value = sent;
        if (value.type == Type::text)
            value.bytes = cut_characters(value.bytes, kLongestText);
        if (value.bytes.size() < sent.bytes.size())
            skip(quoted(sent.key) + " cut to " + std::to_string(kLongestText) + " characters");
        value.size = value.bytes.size();
        segments_.push_back(member(name, value));
    }

    // Of equal names the last one stays.
    void report_collisions()
    {
        for (std::string_view name : repeated_names(segments_, memory_))
            skip("two segments are named " + quoted(name) + "; one is kept");
    }

    void skip(const std::string &reason)
    {
        skips_.push_back({"crash", {}, keep_text(reason, memory_)});
    }

    const Request &request_;
    SkipList &skips_;
    std::pmr::memory_resource *memory_;
    NodeList segments_;
};

}  // namespace

std::optional<CrashReport> read_crash(const Request &request, NodeList &events, SkipList &skips,
                                      std::pmr::memory_resource *memory)
{
    if (request.crash.type != Type::object)
        return std::nullopt;
    return CrashReader(request, skips, memory).read(events);
}

}  // namespace profiles
