#include "csluice.h"
#include <string.h>

// CRC-32C, reflected polynomial 0x82F63B78. Three independent streams hide the latency of the crc32 instruction; their
// sums are joined by the operator "append n zero bytes", kept as four tables of 256 words for each block length.

#define POLYNOMIAL 0x82F63B78u
#define LONG_BLOCK 256
#define SHORT_BLOCK 64

static uint32_t byte_table[8][256];
static uint32_t long_shift[4][256];
static uint32_t short_shift[4][256];

static uint32_t zeros(uint32_t crc, size_t count) {
    while (count--) crc = (crc >> 8) ^ byte_table[0][crc & 0xFF];
    return crc;
}

static void fill_shift(uint32_t table[4][256], size_t block) {
    // The operator is linear: what it makes of the 32 single bits says what it makes of every word.
    for (int k = 0; k < 4; k++) {
        table[k][0] = 0;
        for (int bit = 0; bit < 8; bit++) table[k][1 << bit] = zeros(1u << (8 * k + bit), block);
        for (uint32_t n = 1; n < 256; n++) table[k][n] = table[k][n & (n - 1)] ^ table[k][n & -n];
    }
}

__attribute__((constructor)) static void fill_tables(void) {
    for (uint32_t n = 0; n < 256; n++) {
        uint32_t crc = n;
        for (int k = 0; k < 8; k++) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
        byte_table[0][n] = crc;
    }
    for (uint32_t n = 0; n < 256; n++)
        for (int k = 1; k < 8; k++)
            byte_table[k][n] = (byte_table[k - 1][n] >> 8) ^ byte_table[0][byte_table[k - 1][n] & 0xFF];
    fill_shift(long_shift, LONG_BLOCK);
    fill_shift(short_shift, SHORT_BLOCK);
}

static uint32_t software(uint32_t crc, const uint8_t *p, size_t n) {
    while (n >= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        word ^= crc;
        crc = byte_table[7][word & 0xFF] ^ byte_table[6][(word >> 8) & 0xFF] ^ byte_table[5][(word >> 16) & 0xFF] ^
              byte_table[4][(word >> 24) & 0xFF] ^ byte_table[3][(word >> 32) & 0xFF] ^
              byte_table[2][(word >> 40) & 0xFF] ^ byte_table[1][(word >> 48) & 0xFF] ^ byte_table[0][word >> 56];
        p += 8;
        n -= 8;
    }
    while (n--) crc = (crc >> 8) ^ byte_table[0][(crc ^ *p++) & 0xFF];
    return crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

static uint32_t shift(uint32_t table[4][256], uint32_t crc) {
    return table[0][crc & 0xFF] ^ table[1][(crc >> 8) & 0xFF] ^ table[2][(crc >> 16) & 0xFF] ^ table[3][crc >> 24];
}

static inline uint64_t word_at(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

__attribute__((target("sse4.2"))) static inline const uint8_t *
blocks(uint64_t *crc, const uint8_t *p, size_t *n, size_t block, uint32_t table[4][256]) {
    uint64_t a = *crc;
    while (*n >= 3 * block) {
        uint64_t b = 0, c = 0;
        for (const uint8_t *end = p + block; p < end; p += 8) {
            a = _mm_crc32_u64(a, word_at(p));
            b = _mm_crc32_u64(b, word_at(p + block));
            c = _mm_crc32_u64(c, word_at(p + 2 * block));
        }
        a = shift(table, (uint32_t)a) ^ b;
        a = shift(table, (uint32_t)a) ^ c;
        p += 2 * block;
        *n -= 3 * block;
    }
    *crc = a;
    return p;
}

__attribute__((target("sse4.2"))) static uint32_t hardware(uint32_t start, const uint8_t *p, size_t n) {
    uint64_t crc = start;
    p = blocks(&crc, p, &n, LONG_BLOCK, long_shift);
    p = blocks(&crc, p, &n, SHORT_BLOCK, short_shift);
    for (; n >= 8; n -= 8, p += 8) crc = _mm_crc32_u64(crc, word_at(p));
    for (; n; n--) crc = _mm_crc32_u8((uint32_t)crc, *p++);
    return (uint32_t)crc;
}
#endif

uint32_t sluice_crc32c(uint32_t crc, const void *data, size_t length) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return ~hardware(~crc, data, length);
#endif
    return ~software(~crc, data, length);
}
