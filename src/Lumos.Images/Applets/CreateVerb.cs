using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Images.Create;
using Lumos.Images.Model;
using Lumos.Images.Publish;

namespace Lumos.Images.Applets;

/// <summary>imgadm create: an image of a VM.</summary>
internal static class CreateVerb
{
    public static int Run(ImgadmCommand command, IVms vms, IReadOnlyList<string> words)
    {
        var args = new ArgParser().Value('m').Value('o', "output-template").Value('c', "compression").Flag('i', "incremental").Value("max-origin-depth")
            .Value('s').Value('p', "publish").Value("key-file").Flag('q', "quiet").Parse(words);
        if (!args.TryOperand(0, out string? vm))
        {
            throw new UsageException("create needs the UUID of a VM");
        }
        if (args.Has("publish") && args.Has("output-template"))
        {
            throw new UsageException("cannot specify both -o and -p");
        }
        var uuid = Uuid.Parse(vm);
        var said = Said(command, args.Get('m'), args.Operands.Skip(1));
        using var server = args.Get('p') is { } url ? PublishVerb.Server(command, url, args.Get("key-file")) : null;
        using var folder = server is null ? null : new PublishFolder(command.Store.Paths, uuid);
        var options = new CreateOptions(
            said, ImageCompression.Parse(args.Get('c') ?? "none"), args.Has('i'), Depth(args.Get("max-origin-depth")),
            args.Get('s') is { } script ? Read(script) : null, Prefix(folder?.Path ?? args.Get('o'), said));
        server?.Ping(); // a VM is not stopped, prepared and sent for a server that is not there
        using var reporter = new ImgadmCommand.Reporter(command, args.Has('q'));
        using var stop = new Interruption();
        try
        {
            var manifest = new ImageCreator(command.Store, vms, reporter.Report, stop.Token).Create(uuid, options);
            if (server is not null)
            {
                _ = new ImagePublisher(server, reporter.Report, stop.Token).Publish(manifest, folder!.ImageFile);
            }
            return ExitStatus.Success;
        }
        catch (OperationCanceledException)
        {
            throw new LumosException("Interrupted", $"interrupted: nothing was made, and VM {uuid} is as it was");
        }
    }

    /// <summary>The manifest file, and over it what the command line says.</summary>
    private static JsonObject Said(ImgadmCommand command, string? file, IEnumerable<string> fields)
    {
        JsonObject said = [];
        if (file is not null)
        {
            try
            {
                said = JsonPath.Parse(System.Text.Encoding.UTF8.GetBytes(file == "-" ? command.Context.In.ReadToEnd() : Read(file))) as JsonObject
                    ?? throw new UsageException($"the manifest in {Name(file)} is no JSON object");
            }
            catch (JsonException e)
            {
                throw new UsageException($"the manifest in {Name(file)} is no JSON: {e.Message}");
            }
        }
        foreach (string field in fields)
        {
            int at = field.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
            {
                throw new UsageException($"\"{field}\" is not FIELD=VALUE");
            }
            said[field[..at]] = NewManifest.Value(field[..at], field[(at + 1)..]);
        }
        return said;
    }

    private static int? Depth(string? text) =>
        text is null ? null
        : int.TryParse(text, out int depth) && depth > 1 ? depth
        : throw new UsageException($"--max-origin-depth {text} is not a number greater than 1");

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LumosException("FileNotFound", $"{file} cannot be read", inner: e);
        }
    }

    /// <summary>-o is a folder or the beginning of the files' names, which else are NAME-VERSION.</summary>
    private static string Prefix(string? template, JsonObject said)
    {
        string name = $"{Slug(said["name"])}-{Slug(said["version"])}";
        string prefix = template is null ? name : Directory.Exists(template) ? Path.Combine(template, name) : template;
        string folder = Path.GetDirectoryName(Path.GetFullPath(prefix))!;
        return Directory.Exists(folder) ? prefix : throw new LumosException("FileNotFound", $"there is no folder {folder} to write the image into");
    }

    private static string Slug(JsonNode? value) =>
        string.Concat((value?.ToString() ?? "").Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-'));

    private static string Name(string file) => file == "-" ? "standard input" : file;
}
