"""Everybody outside as he was then.

Whoever speaks without being asked (a submission, a certificate) does so at the recorded moment. Whoever answers does so
as long after what he answers as then, or, where that moment is not on record, at the recorded moment or as soon as he
is asked. Who is asked now and was not then does something plain instead, and every such assumption is counted.
"""
