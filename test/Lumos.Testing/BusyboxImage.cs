using System.Text.Json.Nodes;

namespace Lumos.Testing;

/// <summary>
/// A small image as tools of docker make them, of Debian's static busybox: three layers, the second with whiteouts, the third with a
/// program that tells how it was started and does what its words say.
/// </summary>
public static class BusyboxImage
{
    private const string Program = """
        #!/bin/sh
        trap 'echo stopping; exit 0' TERM
        echo "words: $*"
        echo "$GREETING from $(id -u):$(id -g) in $(pwd), home $HOME"
        echo complaint >&2
        echo written > /data/out
        echo again >> /data/boots
        [ "$1" = exit ] && exit $2
        while :; do sleep 1; done
        """;

    /// <summary>What it says to run: the program, to end with status 3.</summary>
    public static JsonObject Run => new()
    {
        ["Entrypoint"] = new JsonArray("/app/run"), ["Cmd"] = new JsonArray("exit", "3"), ["Env"] = new JsonArray("PATH=/bin", "GREETING=hello"),
        ["WorkingDir"] = "/work", ["Volumes"] = new JsonObject { ["/volume"] = new JsonObject() },
    };

    public static IReadOnlyList<TestLayer> Layers
    {
        get
        {
            var lowest = new TestLayer().Folder("bin/").File("bin/busybox", File.ReadAllBytes("/bin/busybox"), 0b111_101_101);
            foreach (string tool in (string[])["sh", "cat", "echo", "env", "grep", "hostname", "id", "ip", "ls", "ps", "pwd", "sleep", "wget"])
            {
                lowest.Link("bin/" + tool, "busybox");
            }
            lowest.Folder("etc/").File("etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n")
                .File("etc/group", "root:x:0:\napp:x:1000:\nextra:x:2000:app\n").File("etc/gone", "gone")
                .Folder("tmp/", 0b1_111_111_111).Folder("run/").File("run/kept", "kept").Folder("root/").Folder("data/").File("data/old", "old");
            return
            [
                lowest,
                new TestLayer { Compression = "none" }.Whiteout("etc/gone").Folder("data/").Opaque("data").File("data/new", "new"),
                new TestLayer().Folder("app/").File("app/run", Program, 0b111_101_101).Shared("app/shared", "user::rw-,user:1000:r--,group::r--,mask::r--,other::---"),
            ];
        }
    }
}
