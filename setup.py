"The package, as settings.ini describes it"
import shlex
from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup

config = ConfigParser(delimiters=['='])
config.read('settings.ini', encoding='utf-8')
settings = config['DEFAULT']
words = lambda name: shlex.split(settings.get(name, ''))
statuses = '1 - Planning,2 - Pre-Alpha,3 - Alpha,4 - Beta,5 - Production/Stable,6 - Mature,7 - Inactive'.split(',')

setup(
    name=settings['lib_name'], version=settings['version'], description=settings['description'], url=settings['git_url'],
    author=settings['author'], author_email=settings['author_email'], keywords=settings['keywords'],
    license='Apache-2.0', license_files=['LICENSE', 'NOTICE.md'],
    classifiers=[f"Development Status :: {statuses[int(settings['status'])-1]}", f"Intended Audience :: {settings['audience']}",
                 'Programming Language :: Python :: 3', 'Framework :: Jupyter'],
    long_description=Path('README.md').read_text(encoding='utf-8'), long_description_content_type='text/markdown',
    packages=find_packages(include=[settings['lib_path'], f"{settings['lib_path']}.*"]),
    package_data={settings['lib_name']: words('package_data')}, zip_safe=False,
    python_requires='>='+settings['min_python'], install_requires=words('requirements'),
    extras_require={extra: words(f'{extra}_requirements') for extra in ('train', 'frames', 'widgets', 'teacher', 'training', 'dev')},
    entry_points={'console_scripts': settings.get('console_scripts', '').split(),
                  'nbdev': [f"{settings['lib_path']}={settings['lib_path']}._modidx:d"]})
