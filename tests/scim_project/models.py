"""Users and groups, as django-scim2 wants them."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django_scim.models import AbstractSCIMGroupMixin, AbstractSCIMUserMixin


class Group(AbstractSCIMGroupMixin):
    """A group of users."""

    name = models.CharField(max_length=200)

    def save(self, *args, **kwargs):
        is_new = self.id is None
        super().save(*args, **kwargs)
        self.set_scim_id(is_new)


class User(AbstractSCIMUserMixin, AbstractUser):
    """A user."""

    scim_groups = models.ManyToManyField(Group, related_name="user_set")

    def save(self, *args, **kwargs):
        is_new = self.id is None
        super().save(*args, **kwargs)
        self.set_scim_id(is_new)
