namespace Lumos.Images.Applets;

/// <summary>What imgadm help prints.</summary>
internal static class ImgadmHelp
{
    public const string Overview = """
        Manage the images of this machine.

        Usage:
            imgadm [OPTIONS] COMMAND [ARGS...]
            imgadm help COMMAND

        Options:
            -h, --help       Print this help
            --version        Print the version
            -E               Print an error as one JSON record
            -v, --verbose    Accepted for SmartOS's sake

        Commands:
            sources    List, add and delete image sources
            avail      List the images of the sources
            show       Show the manifest of an image of a source
            import     Bring in an image from a source
            install    Install an image from files
            list       List installed images
            get        Show an installed image
            ancestry   List an installed image and its origins
            delete     Delete an installed image
            vacuum     Delete installed images that nothing uses
            create     Make an image of a VM
            publish    Put an image onto a server
            update     Renew what is known of installed images

        """;

    private const string Listing = """
            -j          JSON
            -H          No header
            -o FIELDS   Columns: any field of the manifest, such as name or requirements.min_ram; source, zpool, clones, size,
                        published_date, pub. Default: uuid,name,version,os,type,pub
            -s FIELDS   Sort by these; -FIELD descends. Default: published_at,name

        """;

    private static readonly Dictionary<string, string> Texts = new()
    {
        ["help"] = "Usage: imgadm help [COMMAND]\n",
        ["sources"] = """
            Usage:
                imgadm sources [-j | -v]             list
                imgadm sources -a URL [-t imgapi|dsapi|docker] [--key-file FILE] [-k] [-f]
                                                     add; -k: take any certificate; -f: do not ask whether it answers
                imgadm sources --add-docker-hub      add docker's own registry
                imgadm sources -d URL                delete
                imgadm sources -e                    edit the list, with $VISUAL, $EDITOR or vi
                imgadm sources -c [-j]               ask each whether it answers

            """,
        ["avail"] = "Usage: imgadm avail [-j] [-H] [-o FIELDS] [-s FIELDS] [FIELD=VALUE | FIELD=~TEXT]...\n\n" + Listing,
        ["list"] = "Usage: imgadm list [-j] [-H] [-o FIELDS] [-s FIELDS] [--docker] [FIELD=VALUE | FIELD=~TEXT]...\n\n" + Listing
            + "    --docker    Images of docker by their names, a row for each tag\n\n",
        ["ancestry"] = "Usage: imgadm ancestry [-j] [-H] [-o FIELDS] [-P POOL] UUID\n\n" + Listing,
        ["show"] = "Usage: imgadm show [-S URL] [-C CHANNEL] UUID | NAME\n",
        ["get"] = """
            Usage: imgadm get [-r] [-P POOL] UUID

                -r    With the names of its clones and the images made on top of it

            """,
        ["import"] = """
            Usage: imgadm import [-q] [-C CHANNEL] [-P POOL] [-S URL] UUID | NAME

                NAME is an image of docker or the OCI: [docker://][HOST[:PORT]/]PATH[:TAG][@DIGEST], oci:FOLDER[:TAG],
                oci-archive:FILE[:TAG], docker-archive:FILE[:NAME]

                -q            No progress
                -C CHANNEL    Ask for this channel
                -P POOL       Default: the system's, zones
                -S URL        Ask this source only

            """,
        ["install"] = """
            Usage: imgadm install [-m MANIFEST] -f FILE|URL [--sha256 SUM] [-P POOL] [-q] [FIELD=VALUE]...

                -f FILE        A stream of an image, a tar archive of a root file system, or a disk (qcow2, vmdk, vhdx, raw);
                               also compressed by gzip, bzip2, xz or zstd. Its first bytes say what it is
                --sha256 SUM   The file's SHA-256; needed with a URL (http, https)
                -m MANIFEST    What the file is. Without it a manifest is made, its UUID of the file's SHA-256
                FIELD=VALUE    Fields of the manifest: name, version, type, os, uuid, requirements, … as of create
                -P POOL        Default: the system's, zones
                -q             No progress

            """,
        ["create"] = """
            Usage: imgadm create [-m MANIFEST] [-o PATH | -p URL [--key-file FILE]] [-c COMPRESSION] [-i] [--max-origin-depth N] [-s SCRIPT] [-q] VM [FIELD=VALUE]...

                -m MANIFEST       What is said of the image, as JSON; "-": from standard input. FIELD=VALUE goes before it
                -o PATH           A folder, or PATH.imgmanifest and PATH.zfs. Default: ./NAME-VERSION.imgmanifest and .zfs
                -p URL            Publish it onto this server, and keep no files; --key-file as of publish
                -c COMPRESSION    none (default), gzip, bzip2, xz or zstd
                -i                Only what differs from the image that the VM was made of
                --max-origin-depth N
                                  With -i: fail if the image would stand on more than N others
                -s SCRIPT         Snapshot the VM, run this in it, make the image, roll back: see PREPARING A VM in imgadm(8)
                -q                No progress

            """,
        ["update"] = """
            Usage: imgadm update [-n] [UUID]...

                -n    Only say what would change

            """,
        ["publish"] = """
            Usage: imgadm publish -m MANIFEST -f FILE [--key-file FILE] [-q] URL

                --key-file FILE   The key of the server. Default: $IMGADM_KEY_FILE, or that of the source of this URL
                -q                No progress

            """,
        ["delete"] = "Usage: imgadm delete [-P POOL] UUID\n",
        ["vacuum"] = """
            Usage: imgadm vacuum [-n] [-f]

                -n    Only say what would be deleted
                -f    Do not ask

            """,
    };

    public static string? Of(string verb) => Texts.GetValueOrDefault(verb);
}
