/* The other side of test/bench/location.sh: the same questions asked of libmaxminddb in a plain loop.
 *
 *     location DATABASE ADDRESSES country|fields
 *
 * ADDRESSES holds one IPv4 address a line. They are parsed before the clock starts. Prints the number of
 * answers and the microseconds of the processor. */
#include <arpa/inet.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct sockaddr_in *read_addresses(const char *path, size_t *count)
{
    FILE *file = fopen(path, "r");
    char line[64];
    size_t room = 1 << 20;
    struct sockaddr_in *list = calloc(room, sizeof *list);
    *count = 0;
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (*count == room)
            list = realloc(list, (room *= 2) * sizeof *list);
        memset(&list[*count], 0, sizeof *list);
        list[*count].sin_family = AF_INET;
        *count += inet_pton(AF_INET, line, &list[*count].sin_addr) == 1;
    }
    return list;
}

static int has(MMDB_entry_s *entry, const char *const *path)
{
    MMDB_entry_data_s data;
    return MMDB_aget_value(entry, &data, path) == MMDB_SUCCESS && data.has_data;
}

/* What geoip() reads: one call for each field, as the library offers it. */
static int read_fields(MMDB_entry_s *entry)
{
    static const char *const paths[][6] = {
        {"country", "iso_code", NULL},   {"subdivisions", "0", "names", "en", NULL},
        {"city", "names", "en", NULL},   {"location", "latitude", NULL},
        {"location", "longitude", NULL}, {"location", "time_zone", NULL},
        {"location", "accuracy_radius", NULL},
    };
    int found = 0;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; ++i)
        found += has(entry, paths[i]);
    return found > 0;
}

int main(int argc, char **argv)
{
    static const char *const country[] = {"country", "iso_code", NULL};
    MMDB_s mmdb;
    size_t count, answers = 0;
    struct timespec start, end;
    if (argc != 4 || MMDB_open(argv[1], MMDB_MODE_MMAP, &mmdb) != MMDB_SUCCESS)
        return 1;
    struct sockaddr_in *addresses = read_addresses(argv[2], &count);
    int fields = strcmp(argv[3], "fields") == 0;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    for (size_t i = 0; i < count; ++i) {
        int error;
        MMDB_lookup_result_s found =
            MMDB_lookup_sockaddr(&mmdb, (const struct sockaddr *)&addresses[i], &error);
        if (error == MMDB_SUCCESS && found.found_entry)
            answers += fields ? read_fields(&found.entry) : has(&found.entry, country);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    printf("%zu %.0f\n", answers,
           (end.tv_sec - start.tv_sec) * 1e6 + (end.tv_nsec - start.tv_nsec) / 1e3);
    return 0;
}
