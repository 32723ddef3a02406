// SPDX-License-Identifier: GPL-2.0
/*
 * A lantern: a device that does nothing but shine, so that there is something to patch.
 */
#include <linux/lantern.h>
#include <linux/module.h>

#define LANTERN_STEPS	16

static unsigned int brightness = 8;
module_param(brightness, uint, 0644);
MODULE_PARM_DESC(brightness, "How bright the lantern shines, from 0 to 15");

static int lantern_set(struct lantern *lantern, unsigned int level)
{
	if (level >= LANTERN_STEPS)
		return -EINVAL;

	lantern->level = level;
	return lantern_write(lantern, LANTERN_REG_LEVEL, level);
}

static int lantern_probe(struct lantern *lantern)
{
	int err;

	err = lantern_reset(lantern);
	if (err)
		return err;

	lantern->name = "lantern";
	return lantern_set(lantern, brightness);
}

static void lantern_remove(struct lantern *lantern)
{
	lantern_set(lantern, 0);
}

static int lantern_suspend(struct lantern *lantern)
{
	lantern->saved = lantern->level;
	return lantern_set(lantern, 0);
}

static int lantern_resume(struct lantern *lantern)
{
	return lantern_set(lantern, lantern->saved);
}

static const struct lantern_ops lantern_ops = {
	.probe		= lantern_probe,
	.remove		= lantern_remove,
	.suspend	= lantern_suspend,
	.resume		= lantern_resume,
};

module_lantern(lantern_ops);
MODULE_DESCRIPTION("Lantern");
MODULE_LICENSE("GPL");
