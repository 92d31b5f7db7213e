// OpenSSL's libcrypto, as far as signatures and the audit need it.
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

// HMAC-SHA1 of so many bytes; writes 20 bytes. Returns 1, or 0 when libcrypto refuses (a FIPS policy, say).
static inline int sluice_hmac_sha1(
    const void *key, int key_bytes, const void *content, size_t content_bytes, unsigned char *result) {
    unsigned int length = 20;
    return HMAC(EVP_sha1(), key, key_bytes, (const unsigned char *)content, content_bytes, result, &length) != NULL;
}

// SHA-256 of so many bytes; writes 32 bytes. Returns 1, or 0 when libcrypto refuses.
static inline int sluice_sha256(const void *content, size_t content_bytes, unsigned char *result) {
    return SHA256((const unsigned char *)content, content_bytes, result) != NULL;
}
