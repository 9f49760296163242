# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel loads for the first SA of a kind keeps who asks for it waiting for seconds, in emulation for half a minute:
load() has it all there before, for a virtual machine's kernel (vm.py). It leaves no SA."""

import pathlib

MODULES = ("xfrm_user xfrm_interface esp4 esp6 aesni_intel gcm ghash_clmulni_intel ctr cbc seqiv echainiv authenc authencesn hmac "
           "sha1_ssse3 sha256_ssse3 sha512_ssse3 chacha20poly1305 chacha_x86_64 poly1305_x86_64 jitterentropy_rng drbg").split()
LOADER = pathlib.Path("/proc/sys/kernel/modprobe")

ALGORITHMS = [f"aead rfc4106(gcm(aes)) 0x{'01' * 36} 128", f"aead rfc7539esp(chacha20,poly1305) 0x{'01' * 36} 128"]
# With extended numbers, with and without: another template.
ALGORITHMS += [f"{esn} enc cbc(aes) 0x{'01' * 32} auth-trunc hmac({hash}) 0x{'01' * (bits // 8)} {length}"
               for hash, bits, length in (("sha1", 160, 96), ("sha256", 256, 128), ("sha384", 384, 192), ("sha512", 512, 256))
               for esn in ("", "replay-window 32 flag esn")]


def load(namespace):
    """`namespace`: one without SAs."""
    namespace.run("modprobe", "-a", "-q", *MODULES, check=False, timeout=200)  # some may be part of the kernel
    # For each new pair of algorithms the kernel asks for modules of that name, which nobody has.
    loader = LOADER.read_text()
    LOADER.write_text("\n")
    try:
        namespace.run("ip", "-batch", "-", timeout=200, input="".join(
            f"xfrm state add src {source} dst {target} proto esp spi {spi} reqid 1 mode tunnel {words} if_id 1\n"
            for spi, words in enumerate(ALGORITHMS, 1) for source, target in (("127.0.0.2", "127.0.0.3"), ("::2", "::3"))))
    finally:
        LOADER.write_text(loader)
    namespace.ip("xfrm state flush")
