"""A portal that frames the console: the example for whoever writes one."""
