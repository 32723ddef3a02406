// SPDX-License-Identifier: GPL-2.0
/*
 * Greets whoever boots the machine.
 */
#include <linux/greeting.h>
#include <linux/init.h>
#include <linux/printk.h>

static const char *greeting = "hello";

static int __init greeting_setup(char *line)
{
	greeting = line;
	return 1;
}
__setup("greeting=", greeting_setup);

static int __init greeting_init(void)
{
	pr_info("%s\n", greeting);
	return 0;
}
late_initcall(greeting_init);
