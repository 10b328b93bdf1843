// The engagement score and its levels.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "../../src/core/error.h"
#include "../../src/core/people/engagement.h"

using namespace profiles;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int kMaxInt = std::numeric_limits<int>::max();

bool refuses(const std::function<void()> &call)
{
    try {
        call();
    } catch (const Error &error) {
        return error.code() == ErrorCode::invalid_value;
    }
    return false;
}

}  // namespace

TEST_CASE("engagement_score: the product of three capped figures")
{
    CHECK(engagement_score(2, 20, 7) == 280);
    CHECK(engagement_score(1e308, kMaxInt, kMaxInt) == 280);
    CHECK(engagement_score(1, 1, 1) == 1);
    CHECK(engagement_score(0.5, 4, 2) == 4);
    CHECK(engagement_score(1.25, 10, 5) == 62.5);
    CHECK(engagement_score(2, 0, 7) == 0);
    CHECK(engagement_score(2, 20, 0) == 0);
}

TEST_CASE("engagement_score: never a negative zero")
{
    CHECK_FALSE(std::signbit(engagement_score(-0.0, 3, 2)));
}

TEST_CASE("engagement_score: what cannot be is refused")
{
    for (double minutes : {kNaN, kInfinity, -kInfinity, -0.1, -1e-300})
        CHECK(refuses([=] { engagement_score(minutes, 1, 1); }));
    CHECK(refuses([] { engagement_score(1, -1, 1); }));
    CHECK(refuses([] { engagement_score(1, 1, -1); }));
}

TEST_CASE("engagement_level: a bound belongs to the higher level")
{
    CHECK(engagement_level(0) == "very low");
    CHECK(engagement_level(std::nextafter(56, 0)) == "very low");
    CHECK(engagement_level(56) == "low");
    CHECK(engagement_level(std::nextafter(112, 0)) == "low");
    CHECK(engagement_level(112) == "average");
    CHECK(engagement_level(std::nextafter(168, 0)) == "average");
    CHECK(engagement_level(168) == "high");
    CHECK(engagement_level(std::nextafter(224, 0)) == "high");
    CHECK(engagement_level(224) == "very high");
    CHECK(engagement_level(280) == "very high");
}

TEST_CASE("engagement_level: outside of the scale there is none")
{
    for (double score : {-0.001, std::nextafter(280, 281), kNaN, kInfinity, -kInfinity})
        CHECK(refuses([=] { engagement_level(score); }));
}
