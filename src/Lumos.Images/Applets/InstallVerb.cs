using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Images.Create;
using Lumos.Images.Files;
using Lumos.Images.Import;
using Lumos.Images.Model;
using Lumos.Images.Store;

namespace Lumos.Images.Applets;

/// <summary>imgadm install: an image of a file, with a manifest that is given, or one that is made of what the file is and the user says.</summary>
internal static class InstallVerb
{
    public static int Run(ImgadmCommand command, IReadOnlyList<string> words)
    {
        var args = new ArgParser().Flag('q', "quiet").Value('m', "manifest").Value('f', "file").Value('P', "pool").Value("sha256").Parse(words);
        if (args.Get('f') is not { } file)
        {
            throw new UsageException("install needs -f FILE");
        }
        var said = Fields(args.Operands);
        string pool = args.Get('P') ?? command.DefaultPool;
        var given = args.Get('m') is { } manifestPath ? Read(manifestPath, said) : null;
        if (given is not null)
        {
            PlatformRequirements.CheckRunning(given, command.Store.Paths);
        }
        return Interruption.Run($"no image of {file} was installed", stop =>
        {
            command.RemoveLeftovers();
            using var reporter = new ImgadmCommand.Reporter(command, args.Has('q'), stop);
            var report = reporter.Report;
            if (!RemoteFile.IsUrl(file))
            {
                Install(command, given, said, Existing(file), args.Get("sha256"), pool, report);
                return ExitStatus.Success;
            }
            string sum = args.Get("sha256") ?? throw new UsageException($"{file} is on a server; give --sha256 with the sum that you know from elsewhere");
            using var remote = RemoteFile.Fetch(file, sum, command.Store, pool, command.FetchOptions(ImgadmConfig.Load(command.Store.Paths), stop), report);
            Install(command, given, said, remote.File, sum, pool, report);
            remote.Remove(); // only now: what fails may be tried again without another download
            return ExitStatus.Success;
        });
    }

    private static void Install(ImgadmCommand command, ImageManifest? given, JsonObject said, FileInfo file, string? sum, string pool, ImportReport report)
    {
        if (given is not null && sum is not null && RemoteFile.Sum(file, report) is var found && found != sum)
        {
            throw new LumosException("ChecksumMismatch", $"{file.FullName} has the SHA-256 {found}, not {sum}");
        }
        ImageContent? content = null;
        try
        {
            var manifest = given;
            if (manifest is null)
            {
                (manifest, content) = Make(command, file, said, sum, report);
            }
            Install(command, manifest, content, file.FullName, pool, report);
        }
        finally
        {
            content?.Dispose();
        }
    }

    private static void Install(ImgadmCommand command, ImageManifest manifest, ImageContent? content, string file, string pool, ImportReport report)
    {
        using var held = ImageInstaller.Lock(command.Store, manifest.Uuid, report);
        if (command.Store.TryGet(manifest.Uuid, out var there, pool))
        {
            report.Say($"Image {there.Manifest ?? manifest} is already installed, skipping");
            return;
        }
        var installer = new ImageInstaller(command.Store, report);
        installer.RequireOrigin(manifest, pool);
        if (manifest.File is { } expected)
        {
            report.Stage($"Checking {file}");
            if (ImageChecksum.Fault(file, expected, report.Bytes) is { } fault)
            {
                throw ImageChecksum.Mismatch(manifest, file, fault);
            }
        }
        using var opened = content is null ? ImageContent.Open(file, command.Store, report) : null;
        RoomCheck.OfPool(command.Store, pool, (content ?? opened!).LeastBytes, $"image {manifest}");
        report.Stage($"Installing image {manifest}");
        installer.Install(manifest, content ?? opened!, pool, source: null);
        report.Say($"Installed image {manifest}");
    }

    private static (ImageManifest Manifest, ImageContent Content) Make(ImgadmCommand command, FileInfo file, JsonObject said, string? sum, ImportReport report)
    {
        var content = ImageContent.Open(file.FullName, command.Store, report);
        try
        {
            if (content.Format == FileFormat.Unknown && said["type"] is null)
            {
                throw new LumosException("InvalidImage",
                    $"{file.Name} is {FileFormats.Describe(content.Format)}: a tar archive, a disk (qcow2, vmdk, vhdx, raw with partitions or a file system) or a ZFS stream is wanted");
            }
            string sha256 = RemoteFile.Sum(file, report);
            if (sum is not null && sum != sha256)
            {
                throw new LumosException("ChecksumMismatch", $"{file.FullName} has the SHA-256 {sha256}, not {sum}");
            }
            content.Prepare();
            var json = FileManifest.Of(said, content.Format, file.Name, sha256, content.Mebibytes, file.LastWriteTimeUtc);
            return (ImageManifest.Parse(json.ToJsonString(), $"{file.Name} and the command line"), content);
        }
        catch
        {
            content.Dispose();
            throw;
        }
    }

    /// <summary>FIELD=VALUE words, as those of imgadm create.</summary>
    private static JsonObject Fields(IEnumerable<string> words)
    {
        JsonObject said = [];
        foreach (string word in words)
        {
            int at = word.IndexOf('=', StringComparison.Ordinal);
            string field = at > 0 ? word[..at] : throw new UsageException($"\"{word}\" is not FIELD=VALUE");
            said[field] = field is "v" or "files"
                ? throw new UsageException($"{field} is not for you to say: it follows from the file")
                : NewManifest.Value(field, word[(at + 1)..]);
        }
        return said;
    }

    private static ImageManifest Read(string path, JsonObject said)
    {
        var info = Existing(path);
        if (info.Length > ImageManifest.MaxBytes)
        {
            throw new LumosException("InvalidManifest", $"{path} is too large for a manifest");
        }
        var manifest = ImageManifest.Parse(File.ReadAllText(path), path);
        if (said.Count == 0)
        {
            return manifest;
        }
        var json = manifest.ToJson();
        foreach (var (key, value) in said)
        {
            json[key] = value?.DeepClone();
        }
        return ImageManifest.Parse(json.ToJsonString(), $"{path} and the command line");
    }

    private static FileInfo Existing(string path) =>
        new FileInfo(path) is { Exists: true } info ? info : throw new LumosException("FileNotFound", $"there is no file {path}");
}
