// Applies update documents that come in on standard input and says what came out, so that another
// implementation can compare. One case a line, three fields parted by tabs:
//   strict|lenient  profile  details     ->   ok  changed|same  profile  skips    or    error  code
#include <iostream>
#include <string>

#include "../../src/core/error.h"
#include "../../src/core/profile/assembly.h"
#include "../../src/core/profile/document.h"
#include "../../src/core/profile/json_reader.h"
#include "../../src/core/profile/json_writer.h"
#include "../../src/core/update/update.h"

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

std::string apply(Mode mode, std::string_view profile_text, std::string_view details_text)
{
    std::pmr::monotonic_buffer_resource memory;
    Node profile = read_json(profile_text, &memory, "profile");
    normalise_profile(profile);
    View view(pack(profile, &memory));
    bool lenient = mode == Mode::lenient;
    Node details = read_json(details_text, &memory, "details",
                             lenient ? FaultyNumbers::keep : FaultyNumbers::raise);
    seal(details);

    Limits limits;
    SkipList skips(&memory);
    std::pmr::vector<Change> changes(&memory);
    read_details(details, mode, limits, changes, skips, &memory);
    Update update(view, changes, mode, limits, skips, &memory);
    std::string bytes(view.bytes());
    if (update.changed()) {
        bytes.resize(update.size());
        update.write(bytes.data());
    }
    check_profile(bytes);
    TextBuffer out(&memory);
    out.add(update.changed() ? "ok\tchanged\t" : "ok\tsame\t");
    write_json({Type::object, bytes}, out);
    out.add('\t');
    add_skips(skips, out);
    return std::string(out.view());
}

std::string answer(const std::string &line)
{
    std::size_t first = line.find('\t'), second = line.find('\t', first + 1);
    Mode mode = line.compare(0, first, "strict") == 0 ? Mode::strict : Mode::lenient;
    try {
        return apply(mode, std::string_view(line).substr(first + 1, second - first - 1),
                     std::string_view(line).substr(second + 1));
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
