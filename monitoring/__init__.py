"""Is the released model still right?"""
