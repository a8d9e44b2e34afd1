"""Links of the book to where its notebooks can be run, once the repository's address is known.

The address is in ``SOILRESP_REPOSITORY`` (the workflow that publishes the book sets it), and that
of a JupyterHub of your own, if there is one, in ``SOILRESP_HUB``. Without the first the book has
no such links, and either way it asks nothing of other servers until one is followed.
"""

import os

__all__ = ["REPOSITORY_VARIABLE", "HUB_VARIABLE", "theme_options", "setup"]

REPOSITORY_VARIABLE = "SOILRESP_REPOSITORY"
HUB_VARIABLE = "SOILRESP_HUB"


def theme_options(environment):
    """Options of the theme for links to the repository, Binder, Colab and a JupyterHub.

    Parameters
    ----------
    environment : mapping of str to str
        Environment variables.

    Returns
    -------
    dict
        Empty without an address.

    Examples
    --------
    >>> theme_options({})
    {}
    >>> found = theme_options({"SOILRESP_REPOSITORY": "https://example.org/us/soil/"})
    >>> found["repository_url"], sorted(found["launch_buttons"])
    ('https://example.org/us/soil', ['binderhub_url', 'colab_url', 'notebook_interface'])
    """
    repository = environment.get(REPOSITORY_VARIABLE, "").rstrip("/")
    if not repository:
        return {}
    buttons = {
        "notebook_interface": "jupyterlab",
        "binderhub_url": "https://mybinder.org",
        "colab_url": "https://colab.research.google.com",
    }
    if environment.get(HUB_VARIABLE):
        buttons["jupyterhub_url"] = environment[HUB_VARIABLE].rstrip("/")
    return {
        "repository_url": repository, "repository_branch": "main", "path_to_docs": "",
        "use_repository_button": True, "launch_buttons": buttons,
    }


def _set_options(app, config):
    config.html_theme_options = {**config.html_theme_options, **theme_options(os.environ)}


def setup(app):
    """Let Sphinx know of it."""
    app.connect("config-inited", _set_options)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
