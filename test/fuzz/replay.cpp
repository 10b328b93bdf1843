// Runs a target over files: the seeds, and whatever a fuzzer once found.
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include "fuzz.h"

int main(int count, char **files)
{
    for (int index = 1; index < count; ++index) {
        std::ifstream file(files[index], std::ios::binary);
        std::string input((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
        // A block of exactly that size, so that AddressSanitizer sees every step beyond it.
        std::unique_ptr<std::uint8_t[]> exact(new std::uint8_t[input.size()]);
        std::copy(input.begin(), input.end(), exact.get());
        LLVMFuzzerTestOneInput(exact.get(), input.size());
    }
    std::cout << count - 1 << '\n';
}
