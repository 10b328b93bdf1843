// Copies of users by column, which a restored dump may bring: nothing is read outside of them, whatever is
// asked. The first byte chooses the question.
#include "fuzz.h"

#include "../../src/core/people/users_segmentation.h"

using namespace profiles;

namespace {

struct Question {
    const char *filter;
    const char *breakdown;
};

constexpr Question kQuestions[] = {
    {"{}", "country"},
    {R"({"country":{"$ne":"DE"},"user.session_count":{"$gte":2}})", "custom.plan"},
    {R"({"user.first_seen":{"$within":"7days"}})", "user.session_count"},
    {R"({"location":{"$near":[52.5,13.4],"$km":100}})", "user.last_view"},
    {R"({"uid":{"$in":[1,2]},"user.purchase_total":{"$gt":1}})", "did"},
    {R"({"custom.tags":"a","user.identified":true})", "uid"},
};

std::string_view parts_of(std::string_view block, ByteRange range)
{
    return range.offset <= block.size() ? block.substr(range.offset, range.size)
                                        : std::string_view();
}

void ask(const Question &question, std::string_view block)
{
    std::pmr::monotonic_buffer_resource memory;
    std::string_view breakdown[] = {question.breakdown};
    UsersSegmentationRequest request;
    request.filter = fuzz::build_profile(question.filter, &memory);
    request.breakdown = breakdown;
    request.now = 1'700'000'000'000;
    UsersSegmentation segmentation(request);
    UserBlockDirectory directory(block);
    BlockBytes bytes;
    for (ByteRange range : segmentation.needed_bytes(directory, true))
        bytes.add(range.offset, parts_of(block, range));
    UserBlockPages pages(bytes.at(directory.page_bytes()), directory.pages(), directory.rows());
    RowSet rows(directory.rows());
    for (std::uint32_t page = 0; page < pages.count(); ++page)
        if (pages.lsn(page) != 0)
            rows.add(pages.first_row(page), pages.last_row(page));
    segmentation.add_block(directory, bytes, std::move(rows));
    std::int64_t users = 0;
    for (const Group &group : segmentation.table().groups())
        users += group.times;
    if (question.breakdown == std::string_view("uid"))
        fuzz::promise(users <= std::int64_t{directory.rows()}, "each user is counted once");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size == 0)
        return 0;
    try {
        ask(kQuestions[*data % std::size(kQuestions)],
            {reinterpret_cast<const char *>(data) + 1, size - 1});
    } catch (const Error &error) {
        fuzz::promise(error.code() == ErrorCode::corrupted ||
                          error.code() == ErrorCode::unsupported,
                      "broken bytes are corrupted");
    }
    return 0;
}
