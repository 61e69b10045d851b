#ifndef HAUL_TEST_SERVICE_PYTHON_JSON_ROWS_HPP
#define HAUL_TEST_SERVICE_PYTHON_JSON_ROWS_HPP

#include <cstddef>
#include <string_view>

namespace haul::test {

using namespace std::string_view_literals;

struct malformed_json {
  std::string_view text;
  std::size_t offset;
  const char* error;
};

struct good_json {
  std::string_view text;
  std::string_view written;
};

// clang-format off
/// What Python 3.11's json.loads says of these.
inline constexpr malformed_json malformed_json_rows[] = {
    {""sv, 0, "Expecting value"},
    {"  "sv, 2, "Expecting value"},
    {"{"sv, 1, "Expecting property name enclosed in double quotes"},
    {"{\"a\""sv, 4, "Expecting ':' delimiter"},
    {"{\"a\":"sv, 5, "Expecting value"},
    {"{\"a\":1"sv, 6, "Expecting ',' delimiter"},
    {"{\"a\":1,"sv, 7, "Expecting property name enclosed in double quotes"},
    {"{\"a\":1,}"sv, 7, "Expecting property name enclosed in double quotes"},
    {"{a:1}"sv, 1, "Expecting property name enclosed in double quotes"},
    {"[1,"sv, 3, "Expecting value"},
    {"[1,]"sv, 3, "Expecting value"},
    {"[1 2]"sv, 3, "Expecting ',' delimiter"},
    {"tru"sv, 0, "Expecting value"},
    {"nul"sv, 0, "Expecting value"},
    {"{\"a\":1}x"sv, 7, "Extra data"},
    {"\"abc"sv, 0, "Unterminated string starting at"},
    {"\"a\nb\""sv, 2, "Invalid control character at"},
    {"\"\\x\""sv, 1, "Invalid \\escape"},
    {"\"\\u12\""sv, 2, "Invalid \\uXXXX escape"},
    {"01"sv, 1, "Extra data"},
    {"-"sv, 0, "Expecting value"},
    {"1."sv, 1, "Extra data"},
    {"1e"sv, 1, "Extra data"},
    {".5"sv, 0, "Expecting value"},
    {"+1"sv, 0, "Expecting value"},
    {"[1]]"sv, 3, "Extra data"},
    {"Infinit"sv, 0, "Expecting value"},
    {"{\"a\" 1}"sv, 5, "Expecting ':' delimiter"},
    {"{\"a\":1 \"b\":2}"sv, 7, "Expecting ',' delimiter"},
    {"{'a':1}"sv, 1, "Expecting property name enclosed in double quotes"},
    {"{,}"sv, 1, "Expecting property name enclosed in double quotes"},
    {"[,1]"sv, 1, "Expecting value"},
    {"\"中文\n\""sv, 3, "Invalid control character at"},
    {"{\"中\":x}"sv, 5, "Expecting value"},
    {"1 2"sv, 2, "Extra data"},
    {"\"\\"sv, 0, "Unterminated string starting at"},
    {"\"a\\"sv, 0, "Unterminated string starting at"},
    {"\"\\u00g0\""sv, 2, "Invalid \\uXXXX escape"},
    {"-x"sv, 0, "Expecting value"},
    {"1.5e"sv, 3, "Extra data"},
    {"1e+"sv, 1, "Extra data"},
    {"["sv, 1, "Expecting value"},
    {"{\"message_ids\": [1,2,}"sv, 21, "Expecting value"},
    {"\0131"sv, 0, "Expecting value"},
    {"\"\\u1"sv, 2, "Invalid \\uXXXX escape"},
    {"\"\\u12 4\""sv, 2, "Invalid \\uXXXX escape"},
    {"\"\\u+123\""sv, 2, "Invalid \\uXXXX escape"},
    {"{\"a\":tru}"sv, 5, "Expecting value"},
    {"[-]"sv, 1, "Expecting value"},
    {"\"\t\""sv, 1, "Invalid control character at"},
    {"{1:2}"sv, 1, "Expecting property name enclosed in double quotes"},
    {"{\"a\":1,1}"sv, 7, "Expecting property name enclosed in double quotes"},
    {"[1}"sv, 2, "Expecting ',' delimiter"},
    {"{\"a\"}"sv, 4, "Expecting ':' delimiter"},
    {"[[1,2]"sv, 6, "Expecting ',' delimiter"},
    {"\"\\ud83d\\u12\""sv, 8, "Invalid \\uXXXX escape"},
    {"\"\\u1234"sv, 2, "Invalid \\uXXXX escape"},
    {"\"\\ud83d\\u12g4\""sv, 8, "Invalid \\uXXXX escape"},
    {"\"中\\u123"sv, 3, "Invalid \\uXXXX escape"},
    {"\"\\ud83d\\udc00"sv, 8, "Invalid \\uXXXX escape"},
    {"-Infinit"sv, 0, "Expecting value"},
    {"[1]\000"sv, 3, "Extra data"},
};

/// What its json.dumps makes of what it has read.
inline constexpr good_json good_json_rows[] = {
    {"1"sv, "1"sv},
    {"-1"sv, "-1"sv},
    {"0"sv, "0"sv},
    {"-0"sv, "0"sv},
    {"1.0"sv, "1.0"sv},
    {"-0.0"sv, "-0.0"sv},
    {"1e5"sv, "100000.0"sv},
    {"1E+5"sv, "100000.0"sv},
    {"1e-7"sv, "1e-07"sv},
    {"0.1"sv, "0.1"sv},
    {"123456789012345678"sv, "123456789012345678"sv},
    {"12345678901234567890123"sv, "12345678901234567890123"sv},
    {"1.5e300"sv, "1.5e+300"sv},
    {"1e22"sv, "1e+22"sv},
    {"1e16"sv, "1e+16"sv},
    {"1e15"sv, "1000000000000000.0"sv},
    {"123456.789"sv, "123456.789"sv},
    {"5e-324"sv, "5e-324"sv},
    {"1.7976931348623157e308"sv, "1.7976931348623157e+308"sv},
    {"2.2250738585072014e-308"sv, "2.2250738585072014e-308"sv},
    {"0.0001"sv, "0.0001"sv},
    {"0.00001"sv, "1e-05"sv},
    {"[ ]"sv, "[]"sv},
    {"{ }"sv, "{}"sv},
    {" [1 ,\t2\n,\r3] "sv, "[1,2,3]"sv},
    {"{\"b\":1,\"a\":2,\"b\":3}"sv, "{\"b\":3,\"a\":2}"sv},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""sv, "\"\\\"\\\\/\\b\\f\\n\\r\\t\""sv},
    {"\"\\u0000\\u001f\\u007f\\u00e9\\ud83d\\ude00\""sv, "\"\\u0000\\u001f\177é😀\""sv},
    {"\"é汉😀\""sv, "\"é汉😀\""sv},
    {"[true,false,null]"sv, "[true,false,null]"sv},
    {"{\"\":{\"\":[[[]]]}}"sv, "{\"\":{\"\":[[[]]]}}"sv},
    {"1e0"sv, "1.0"sv},
    {"10.0"sv, "10.0"sv},
    {"1e-4"sv, "0.0001"sv},
    {"9007199254740993.0"sv, "9007199254740992.0"sv},
    {"0.30000000000000004"sv, "0.30000000000000004"sv},
    {"1e21"sv, "1e+21"sv},
    {"[1.0,1]"sv, "[1.0,1]"sv},
};
// clang-format on

}  // namespace haul::test

#endif
