// SPDX-License-Identifier: GPL-2.0
/* The smallest module that says something. */

#include <linux/init.h>
#include <linux/module.h>

static int __init hello_init(void)
{
	pr_info("Hello from a module\n");
	return 0;
}

static void __exit hello_exit(void)
{
	pr_info("Goodbye from a module\n");
}

module_init(hello_init);
module_exit(hello_exit);

MODULE_DESCRIPTION("Says hello when it is loaded");
MODULE_LICENSE("GPL");
