"""The dashboards as code: one module a dashboard, ``panels`` the words they are made of."""
