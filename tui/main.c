// SPDX-License-Identifier: GPL-2.0-or-later
/* The program starts here. */
int
main(void)
{
	return 2;
}
