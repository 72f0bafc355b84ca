using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Images.Import;
using Lumos.Images.Model;
using Lumos.Images.Oci;
using Lumos.Images.Store;

namespace Lumos.Images.Applets;

/// <summary>imgadm show (of a source) and get (of this machine).</summary>
internal static class ShowVerbs
{
    public static int Show(ImgadmCommand command, IReadOnlyList<string> words)
    {
        var args = new ArgParser().Value('S', "source").Value('C', "channel").Parse(words).Expect(1, 1, "UUID or name of an image");
        if (ImgadmCommand.IsOciName(args.Operands[0]))
        {
            using var source = command.OpenOci(args.Operands[0], args.Get('S'), out var reference);
            command.Context.Out.WriteLine(JsonPath.Pretty(OciImporter.Show(source, reference).ToJson()));
            return ExitStatus.Success;
        }
        using var clients = command.Clients(args.Get('S'), args.Get('C'));
        var importer = new ImageImporter(command.Store, clients.All, new ImportReport { Warn = command.Warn });
        var found = importer.Find(Uuid.Parse(args.Operands[0]));
        command.Context.Out.WriteLine(JsonPath.Pretty(found.Manifest.ToJson()));
        return ExitStatus.Success;
    }

    public static int Get(ImgadmCommand command, IReadOnlyList<string> words)
    {
        var args = new ArgParser().Flag('r').Value('P', "pool").Flag('j', "json").Parse(words).Expect(1, 1, "UUID of an image");
        var image = command.Installed(command.ParseImage(args.Operands[0]), args.Get('P'));
        var info = Describe(image);
        if (args.Has('r'))
        {
            var clones = command.Store.ClonesByImage().GetValueOrDefault(image.DatasetName.Value) ?? [];
            info = info with { Clones = clones.Count, CloneNames = clones, Children = [.. ChildrenOf(command.Store, image).Select(c => c.Uuid.ToString())] };
        }
        command.Context.Out.WriteLine(JsonPath.Pretty(info.ToJson()));
        return ExitStatus.Success;
    }

    /// <summary>The installed images that are increments of this one.</summary>
    public static IEnumerable<InstalledImage> ChildrenOf(ImageStore store, InstalledImage image) =>
        store.List().Where(i => i.Pool == image.Pool && i.Manifest?.Origin == image.Uuid);

    /// <summary>What is known of an installed image; of one without a manifest, its UUID.</summary>
    public static ImageInfo Describe(InstalledImage image) =>
        new(image.Manifest?.Json ?? new JsonObject { ["v"] = 2, ["uuid"] = image.Uuid.ToString() }, image.Source) { Pool = image.Pool };
}
