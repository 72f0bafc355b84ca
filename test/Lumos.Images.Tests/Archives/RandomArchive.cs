using System.Text;

namespace Lumos.Images.Tests.Archives;

/// <summary>Archives of entries with few names, so that they meet each other in every way, now and then with a byte turned.</summary>
internal static class RandomArchive
{
    public static byte[] Make(Random random, string outside)
    {
        string folder = Path.GetDirectoryName(outside)!;
        string[] targets = ["a", "b/c", "../outside", "../outside/file", "..", ".", "/", folder, outside, "a/../..", "b", "c", "/a/../../x"];
        var tar = new TarBuilder();
        for (int i = random.Next(1, 12); i > 0; i--)
        {
            // Mostly names that are fine alone, so that archives come far.
            string name = random.Next(25) == 0 ? Pick(random, targets) : string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(_ => Pick(random, "a", "b", "c")));
            string prefix = random.Next(8) == 0 ? ".wh." : "";
            int slash = name.LastIndexOf('/') + 1;
            name = name[..slash] + prefix + name[slash..];
            switch (random.Next(12))
            {
                case 0 or 1 or 2:
                    tar.Directory(name);
                    break;
                case 3:
                    tar.Link(name, Pick(random, targets));
                    break;
                case 4:
                    tar.HardLink(name, Pick(random, targets));
                    break;
                case 5:
                    tar.Pax((Pick(random, "path", "linkpath", "size", "mtime", "uid", "GNU.sparse.map"), Pick(random, "a/b", "17", "0,1", "../x", ""))).File(name, "x");
                    break;
                case 6 when random.Next(4) == 0:
                    tar.File(Pick(random, ".wh..wh..opq", "a/.wh..wh..opq", "b/.wh...", ".wh."));
                    break;
                default:
                    tar.File(name, "evil " + random.Next());
                    break;
            }
        }
        byte[] archive = tar.End();
        if (random.Next(6) == 0)
        {
            archive[random.Next(archive.Length - 1024)] ^= (byte)(1 << random.Next(8));
        }
        return random.Next(8) == 0 ? archive[..random.Next(archive.Length)] : archive;
    }

    private static string Pick(Random random, params string[] of) => of[random.Next(of.Length)];
}
