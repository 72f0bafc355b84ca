using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Images.Model;
using Lumos.Images.Store;

namespace Lumos.Images.Applets;

/// <summary>imgadm list, avail and ancestry.</summary>
internal static class ListVerbs
{
    public static int List(ImgadmCommand command, IReadOnlyList<string> words)
    {
        var args = Options().Flag("docker").Parse(words);
        if (args.Has("docker"))
        {
            DockerTable.Print(command, Installed(command.Store), args.Has('j'), !args.Has('H'), args.Operands);
            return ExitStatus.Success;
        }
        bool clones = args.Has('j') || args.Operands.Append(args.Get('o')).Append(args.Get('s')).Any(w => w?.Contains("clones", StringComparison.Ordinal) == true);
        Print(command, args, clones ? Installed(command.Store) : command.Store.List().Select(ShowVerbs.Describe), args.Operands);
        return ExitStatus.Success;
    }

    public static int Available(ImgadmCommand command, IReadOnlyList<string> words)
    {
        var args = Options().Parse(words);
        using var clients = command.Clients();
        if (clients.All.Count == 0)
        {
            throw new LumosException("NoSources", "imgadm has no image sources; add one with \"imgadm sources -a URL\"");
        }
        var found = new List<ImageInfo>();
        var seen = new HashSet<Uuid>();
        LumosException? failure = null;
        foreach (var client in clients.All)
        {
            try
            {
                var listed = client.List(out int invalid);
                foreach (var manifest in listed.Where(m => m.IsActive && seen.Add(m.Uuid)))
                {
                    found.Add(new ImageInfo(manifest.Json, client.Source.Url));
                }
                if (invalid > 0)
                {
                    command.Warn($"{invalid} images of {client.Source.Url} are left out: their manifests are invalid");
                }
            }
            catch (LumosException e)
            {
                if (failure is not null)
                {
                    command.Warn(LumosException.Describe(failure));
                }
                failure = e;
            }
        }
        Print(command, args, found, args.Operands);
        return failure is null ? ExitStatus.Success : throw failure;
    }

    public static int Ancestry(ImgadmCommand command, IReadOnlyList<string> words)
    {
        var args = Options().Value('P', "pool").Parse(words).Expect(1, 1, "UUID of an image");
        var image = command.Installed(command.ParseImage(args.Operands[0]), args.Get('P'));
        var all = Installed(command.Store);
        var chain = new List<ImageInfo>();
        for (Uuid? next = image.Uuid; next is { } uuid && chain.Count < 1000;)
        {
            var info = all.FirstOrDefault(i => i.Pool == image.Pool && JsonPath.Text(i.Manifest["uuid"]) == uuid.ToString())
                ?? throw ImageStore.NotInstalled(uuid, image.Pool);
            chain.Add(info);
            next = JsonPath.Text(info.Manifest["origin"]) is { } origin ? Uuid.Parse(origin) : null;
        }
        Print(command, args, chain, [], sort: false);
        return ExitStatus.Success;
    }

    /// <summary>The installed images with the number of their clones.</summary>
    public static List<ImageInfo> Installed(ImageStore store)
    {
        var clones = store.ClonesByImage();
        return [.. store.List().Select(image => ShowVerbs.Describe(image) with
        {
            Clones = clones.TryGetValue(image.DatasetName.Value, out var names) ? names.Count : 0,
        })];
    }

    private static ArgParser Options() => new ArgParser().Flag('j', "json").Flag('H').Value('o').Value('s');

    private static void Print(
        ImgadmCommand command, ParsedArgs args, IEnumerable<ImageInfo> images, IReadOnlyList<string> filters, bool sort = true)
    {
        var filter = ImageFilter.Parse(filters);
        var passed = images.Where(i => filter.Passes(i.Field));
        var sorted = sort || args.Has('s') ? ImageTable.Sort(passed, (i, field) => i.Field(field), args.Get('s') ?? ImageTable.DefaultSort) : [.. passed];
        if (args.Has('j'))
        {
            command.Context.Out.WriteLine(JsonPath.Pretty(new JsonArray([.. sorted.Select(i => (JsonNode)i.ToJson())])));
        }
        else
        {
            ImageTable.Write(command.Context.Out, sorted.Select(i => (Func<string, JsonNode?>)i.Field), args.Get('o') ?? ImageTable.DefaultFields, !args.Has('H'));
        }
    }
}
