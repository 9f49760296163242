// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Intel's ipsec-mb (libipsec-mb, what DPDK and VPP use) as a provider of suites. It works on many packets at
 * once where the processor has wide vectors, and costs little where there is but one.
 *
 * A manager holds jobs that are under way and belongs to one thread. It takes 200 KB, so threads have one,
 * not SAs. AES-GCM's functions keep no state in it and serve any thread.
 *
 * The library's emulation of AES for processors without AES instructions is slower than EVP: there it is not
 * taken, nor where its self-test (version 1.3 has one) fails.
 */
#include "plugins/dataplane_userspace/suite_mb.h"

#include <stdio.h>

static _Thread_local IMB_MGR *mine;
static pthread_key_t key; /* frees a thread's own when the thread ends */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool have_key;

static void
manager_free(void *manager)
{
	free_mb_mgr(manager);
}

static void
make_key(void)
{
	have_key = pthread_key_create(&key, manager_free) == 0;
}

static bool
manager_fit(const IMB_MGR *manager)
{
	const uint64_t needed = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ;

	if ((manager->features & needed) != needed || (manager->features & IMB_FEATURE_AESNI_EMU) != 0)
		return false;
	return (manager->features & IMB_FEATURE_SELF_TEST) == 0 ||
	       (manager->features & IMB_FEATURE_SELF_TEST_PASS) != 0;
}

IMB_MGR *
suite_mb_manager(void)
{
	IMB_MGR *fresh;

	if (mine != NULL)
		return mine;
	pthread_once(&once, make_key);
	fresh = have_key ? alloc_mb_mgr(0) : NULL;
	if (fresh == NULL)
		return NULL;
	init_mb_mgr_auto(fresh, NULL);
	if (imb_get_errno(fresh) != 0 || !manager_fit(fresh) || pthread_setspecific(key, fresh) != 0) {
		free_mb_mgr(fresh);
		return NULL;
	}
	return mine = fresh;
}

static bool
mb_usable(void)
{
	return suite_mb_manager() != NULL;
}

static const struct suite_ops *
mb_ops(const struct suite *suite)
{
	if (suite->integrity_key_length != 0)
		return &suite_mb_cbc_ops;
	return suite->encryption == SUITE_CHACHA20_POLY1305 ? &suite_mb_chacha_ops : &suite_mb_gcm_ops;
}

static void
mb_describe(char *out, size_t size)
{
	static const struct {
		uint64_t features;
		const char *name;
	} widest[] = {
	    {IMB_FEATURE_AVX512_SKX | IMB_FEATURE_VAES, "AVX-512 with VAES"},
	    {IMB_FEATURE_AVX512_SKX, "AVX-512"},
	    {IMB_FEATURE_AVX2 | IMB_FEATURE_VAES, "AVX2 with VAES"},
	    {IMB_FEATURE_AVX2, "AVX2"},
	    {IMB_FEATURE_AVX, "AVX"},
	    {0, "SSE"},
	};
	const IMB_MGR *manager = suite_mb_manager();
	size_t i = 0;

	while (manager != NULL && (manager->features & widest[i].features) != widest[i].features)
		i++;
	snprintf(out, size, "ipsec-mb %s, %s", imb_get_version_str(), widest[i].name);
}

const struct suite_provider suite_provider_mb = {
    .name = "ipsec-mb",
    .usable = mb_usable,
    .ops = mb_ops,
    .describe = mb_describe,
};
