#include "user_set_text.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "../error.h"
#include "../interrupt.h"
#include "user_set_build.h"

namespace profiles {

using namespace user_set;

namespace {

struct Run {
    std::int64_t first, last;
};

// More buckets than a set has room for: known before they are filled.
void check_length(const Run &run)
{
    if ((run.last - run.first) / kUsersPerBucket > static_cast<std::int64_t>(kMaxBytes / kEntry))
        raise_user_set_too_large();
}

class Reader {
public:
    explicit Reader(std::string_view text) : text_(text), left_(text) {}

    template <typename Visit>
    void read(Visit &&visit)
    {
        expect('{');
        if (!take('}')) {
            InterruptPoll poll;
            do {
                poll.step();
                Run run{};
                run.first = run.last = uid();
                if (take('-'))
                    run.last = uid();
                if (run.last < run.first)
                    refuse("A run has its first user before its last one.");
                check_length(run);
                visit(run);
            } while (take(','));
            expect('}');
        }
        skip_space();
        if (!left_.empty())
            refuse("There is something after the closing brace.");
    }

private:
    [[noreturn]] void refuse(std::string detail) const
    {
        throw Error(ErrorCode::invalid_text, "invalid input for type user_set: " + quoted(text_),
                    std::move(detail), "A set of users is written {1,2,5-1000}.");
    }

    void skip_space()
    {
        while (!left_.empty() && (left_[0] == ' ' || (left_[0] >= '\t' && left_[0] <= '\r')))
            left_.remove_prefix(1);
    }

    bool take(char wanted)
    {
        skip_space();
        if (left_.empty() || left_[0] != wanted)
            return false;
        left_.remove_prefix(1);
        return true;
    }

    void expect(char wanted)
    {
        if (!take(wanted))
            refuse(std::string("There should be ") + wanted +
                   (left_.empty() ? " at the end." : " before " + quoted(left_) + "."));
    }

    std::int64_t uid()
    {
        skip_space();
        std::int64_t number = 0;
        const char *end = left_.data() + left_.size();
        auto [stopped, error] = std::from_chars(left_.data(), end, number);
        if (error == std::errc::result_out_of_range)
            throw Error(ErrorCode::out_of_range, "uid is out of range",
                        "A uid lies between 1 and " + std::to_string(kLastUid) + ".");
        if (error != std::errc())
            refuse("There should be a uid " +
                   (left_.empty() ? "at the end." : "before " + quoted(left_) + "."));
        check_uid(number);
        left_.remove_prefix(static_cast<std::size_t>(stopped - left_.data()));
        return number;
    }

    std::string_view text_, left_;
};

// A gigabyte of text has more runs than there should be memory for: so many are packed at a time.
constexpr std::size_t kMostRuns = std::size_t{1} << 20;

std::pmr::string pack(std::pmr::vector<Run> &runs, std::pmr::memory_resource *memory)
{
    auto before = [](const Run &left, const Run &right) { return left.first < right.first; };
    if (!std::is_sorted(runs.begin(), runs.end(), before))
        std::sort(runs.begin(), runs.end(), before);
    UserSetWriter writer(memory);
    BucketBits bits;
    std::int64_t bucket = -1;
    auto turn_to = [&](std::int64_t other) {
        if (other == bucket)
            return;
        if (bucket >= 0) {
            writer.add(static_cast<std::uint32_t>(bucket), bits);
            bits.clear();
        }
        bucket = other;
    };
    constexpr std::string_view kAll("\0\0\xFF\xFF", 4);
    std::int64_t done = 0;  // nothing up to here is missing from what was written
    for (const Run &run : runs) {
        for (std::int64_t first = std::max(run.first, done + 1); first <= run.last;) {
            turn_to(first >> 16);
            std::int64_t last = std::min(run.last, first | (kUsersPerBucket - 1));
            if (last - first + 1 == kUsersPerBucket) {  // nothing of this bucket came before
                writer.add({static_cast<std::uint32_t>(bucket), kUsersPerBucket, 1, kAll});
                bucket = -1;
            } else {
                bits.add_run(static_cast<std::uint32_t>(first) % kUsersPerBucket,
                             static_cast<std::uint32_t>(last) % kUsersPerBucket);
            }
            first = last + 1;
        }
        done = std::max(done, run.last);
    }
    turn_to(-1);
    return writer.take();
}

void write_uid(std::int64_t uid, TextBuffer &out)
{
    char digits[20];
    auto [end, error] = std::to_chars(digits, digits + sizeof digits, uid);
    out.add(std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

void write_run(const Run &run, TextBuffer &out)
{
    write_uid(run.first, out);
    if (run.last == run.first)
        return;
    out.add(run.last == run.first + 1 ? ',' : '-');
    write_uid(run.last, out);
}

}  // namespace

std::pmr::string read_user_set(std::string_view text, std::pmr::memory_resource *memory)
{
    std::pmr::vector<Run> runs(memory);
    std::pmr::string set = UserSetWriter(memory).take();
    auto pack_runs = [&] {
        std::pmr::string more = pack(runs, memory);
        set = combine(UserSetView(set), UserSetView(more), SetOperation::unite, memory);
        runs.clear();
    };
    Reader(text).read([&](const Run &run) {
        runs.push_back(run);
        if (runs.size() == kMostRuns)
            pack_runs();
    });
    pack_runs();
    return set;
}

// A run may go on in the next bucket.
void write_user_set(const UserSetView &set, TextBuffer &out)
{
    out.add('{');
    Run waiting{0, -1};
    bool first = true;
    auto write_waiting = [&] {
        if (waiting.last < 0)
            return;
        if (!first)
            out.add(',');
        first = false;
        write_run(waiting, out);
    };
    UserBuckets all(set);
    BucketBits bits;
    while (const UserBucket *bucket = all.next()) {
        check_interrupt();
        std::int64_t base = std::int64_t{bucket->bucket} << 16;
        bits.clear();
        bucket->add_to(bits);
        bits.for_each_run([&](std::uint32_t begin, std::uint32_t end) {
            if (waiting.last >= 0 && waiting.last + 1 == base + begin) {
                waiting.last = base + end;
                return;
            }
            write_waiting();
            waiting = {base + begin, base + end};
        });
    }
    write_waiting();
    out.add('}');
}

}  // namespace profiles
