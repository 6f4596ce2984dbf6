"""The list, with the same columns, searches and filters as the console's."""

from django.contrib import admin

from tests.benchmarks.rivals.people.models import Row


@admin.register(Row)
class RowAdmin(admin.ModelAdmin):
    list_display = ("name", "subject_id", "email", "username", "code", "status", "roles", "created")
    list_filter = ("status", "code", "roles")
    search_fields = ("name", "email", "username", "subject_id", "code")
    ordering = ("name",)
    list_per_page = 50
