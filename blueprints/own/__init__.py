"""我的信息: what the service knows of whoever is signed in, and the mobile and e-mail that are theirs to give."""
