// Applies update documents that come in on standard input and says what came out, so that another
// implementation can compare. One case a line, fields parted by tabs:
//   strict|lenient|sdk  profile  document          ->  ok  changed|same  profile  skips
//   compose strict|compose lenient  profile  a  b  ->  the same with the composed document, and that
//   diff  old  new                                 ->  the same with the difference, and that
//   associate  a  b  c                             ->  ok  (a b) c  a (b c)
// or, where that cannot be done: error  code; fault  code when a composed document cannot be applied.
#include <iostream>
#include <string>

#include "../../src/core/error.h"
#include "../../src/core/profile/assembly.h"
#include "../../src/core/profile/document.h"
#include "../../src/core/profile/json_reader.h"
#include "../../src/core/profile/json_writer.h"
#include "../../src/core/update/compose.h"
#include "../../src/core/update/diff.h"

using namespace profiles;

namespace {

const char *code_name(ErrorCode code)
{
    switch (code) {
    case ErrorCode::invalid_text: return "invalid_text";
    case ErrorCode::invalid_encoding: return "invalid_encoding";
    case ErrorCode::invalid_value: return "invalid_value";
    case ErrorCode::null_value: return "null_value";
    case ErrorCode::out_of_range: return "out_of_range";
    case ErrorCode::wrong_type: return "wrong_type";
    case ErrorCode::limit_exceeded: return "limit_exceeded";
    case ErrorCode::corrupted: return "corrupted";
    default: return "other";
    }
}

void add_skips(const SkipList &skips, TextBuffer &out)
{
    out.add('[');
    for (const Skip &skip : skips) {
        out.add(&skip == skips.data() ? "[" : ", [");
        write_json_string(skip.key, out);
        out.add(", ");
        if (skip.operator_name.empty())
            out.add("null");
        else
            write_json_string(skip.operator_name, out);
        out.add(']');
    }
    out.add(']');
}

using Memory = std::pmr::memory_resource *;

std::string_view read_profile(std::string_view text, Memory memory)
{
    Node profile = read_json(text, memory, "profile");
    normalise_profile(profile);
    return pack(profile, memory);
}

Node read_tree(std::string_view text, FaultyNumbers faulty, Memory memory)
{
    Node document = read_json(text, memory, "document", faulty);
    seal(document);
    return document;
}

std::string apply(std::string_view mode, std::string_view profile, std::string_view text)
{
    std::pmr::monotonic_buffer_resource memory;
    Mode rigour = mode == "strict" ? Mode::strict : Mode::lenient;
    std::string_view before = read_profile(profile, &memory), bytes = before;
    Node document = read_tree(
        text, rigour == Mode::lenient ? FaultyNumbers::keep : FaultyNumbers::raise, &memory);
    Limits limits;
    SkipList skips(&memory);
    std::pmr::vector<Change> changes(&memory);
    (mode == "sdk" ? read_details : read_document)(document, rigour, limits, changes, skips,
                                                   &memory);
    for (std::span<Change> rest = changes; !rest.empty();) {
        View view(bytes);
        Update update(view, take_pass(rest), rigour, limits, skips, &memory);
        if (!update.changed())
            continue;
        auto *after = static_cast<char *>(memory.allocate(update.size(), 1));
        update.write(after);
        bytes = {after, update.size()};
        check_profile(bytes);
    }
    TextBuffer out(&memory);
    out.add(bytes != before ? "ok\tchanged\t" : "ok\tsame\t");
    write_json({Type::object, bytes}, out);
    out.add('\t');
    add_skips(skips, out);
    return std::string(out.view());
}

std::string compose(std::initializer_list<std::string_view> documents)
{
    std::pmr::monotonic_buffer_resource memory;
    Composition composition(&memory);
    for (std::string_view text : documents) {
        Node document = read_tree(text, FaultyNumbers::raise, &memory);
        std::pmr::vector<Change> changes(&memory);
        SkipList skips(&memory);
        read_document(document, Mode::strict, {}, changes, skips, &memory);
        composition.add(changes);
    }
    TextBuffer out(&memory);
    composition.write(out, &memory);
    return std::string(out.view());
}

std::string diff(std::string_view before, std::string_view after)
{
    std::pmr::monotonic_buffer_resource memory;
    View old(read_profile(before, &memory)), now(read_profile(after, &memory));
    TextBuffer out(&memory);
    write_diff(old, now, out);
    return std::string(out.view());
}

std::string apply_and_show(std::string_view mode, std::string_view profile,
                           const std::string &document)
{
    try {
        return apply(mode, profile, document) + "\t" + document;
    } catch (const Error &error) {
        return std::string("fault\t") + code_name(error.code()) + "\t" + document;
    }
}

std::string answer(std::string_view line)
{
    std::string_view fields[4];
    for (std::string_view &field : fields) {
        std::size_t tab = std::min(line.find('\t'), line.size());
        field = line.substr(0, tab);
        line.remove_prefix(std::min(tab + 1, line.size()));
    }
    const auto &[task, first, second, third] = fields;
    try {
        if (task == "associate")
            return "ok\t" + compose({compose({first, second}), third}) + "\t" +
                   compose({first, compose({second, third})});
        if (task == "diff")
            return apply_and_show("strict", first, diff(first, second));
        if (task.starts_with("compose "))
            return apply_and_show(task.substr(8), first, compose({second, third}));
        return apply(task, first, second);
    } catch (const Error &error) {
        return std::string("error\t") + code_name(error.code()) + "\t" + error.message();
    }
}

}  // namespace

int main()
{
    std::ios::sync_with_stdio(false);
    for (std::string line; std::getline(std::cin, line);)
        std::cout << answer(line) << '\n';
}
