"""Peers who mean harm, beside an honest one."""
