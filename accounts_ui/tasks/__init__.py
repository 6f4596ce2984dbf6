"""Background work: what runs without a request, and which worker runs it.

``work_kinds`` lists the kinds of work, ``leases`` decides which worker does a piece of it, ``runner`` does one piece,
``engine`` wakes the workers, and ``worker`` is the process behind ``manage.py run_worker``.

The engine (huey) only wakes: losing all of its messages delays work by a few seconds and loses none of it. What has
to be done, and who does it, is in the rows of ``WorkItem``. ``console/docs/tasks.md`` explains the design.
"""
