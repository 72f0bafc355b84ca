using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Imgapi.Http;
using Lumos.Imgapi.Mirror;
using Lumos.Imgapi.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lumos.Imgapi;

// Purpose. lumos-imgapi: a server of images that speaks IMGAPI v2, which imgadm imports from and publishes to.
//
// Vocabulary. An image is a manifest and a file; it is made, given its file, activated, and only then seen by those who have no key. A
// blob is a file of the store, by its content. A channel is a set of images of its own. A mirror also has the images of another server.
//
// Parts. Http/ reads requests and writes answers (Routes is the table); Model/ is pure: what may become of an image, who sees it, what
// a list holds; Store/ is what lies on the disk; Mirror/ is the other server. Everything that a request needs is in memory but the files.
//
// On disk. See ImageRepository: one record per image, blobs by content, incoming/ for what is coming; keys, config.json, lock.
//
// Memory. Bodies go through blocks of some 100 KiB in both directions, whatever they are long; the index holds the manifests' texts.
//
// Failure. A request that fails says so in IMGAPI's form and changes nothing; one that fails after its answer began is cut. A kill leaves
// what the next start removes. Told to stop, the server takes no more requests and gives those under way some time.
//
// Tests. test/Lumos.Imgapi.Tests, over loopback with the real server; ImageServerTests on the booted image.

/// <summary>A running image server.</summary>
public sealed class ImgapiServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ImageRepository _images;
    private readonly MirrorSource? _mirror;
    private readonly FileEndpoints _files;

    private ImgapiServer(WebApplication app, ImageRepository images, MirrorSource? mirror, FileEndpoints files, ImgapiSettings settings, bool isKeyNew)
    {
        (_app, _images, _mirror, _files) = (app, images, mirror, files);
        IsKeyNew = isKeyNew;
        string bound = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Port = new Uri(bound.Replace("[::]", "localhost", StringComparison.Ordinal)).Port;
        IsTls = settings.Certificate is not null;
        Address = settings.Address;
    }

    public int Port { get; }

    public bool IsTls { get; }

    /// <summary>Null: all.</summary>
    public IPAddress? Address { get; }

    /// <summary>Such as http://127.0.0.1:40123: where programs on this machine find it.</summary>
    public string Url => $"http{(IsTls ? "s" : "")}://{new IPEndPoint(Address ?? IPAddress.Loopback, Port)}";

    /// <summary>The file of keys was made by this start.</summary>
    public bool IsKeyNew { get; }

    /// <summary>Where the keys are.</summary>
    public string KeysFile => _images.Paths.Keys;

    /// <summary>Begins to serve; returns as soon as connections are taken.</summary>
    /// <exception cref="LumosException">StoreInUse, KeysNotPrivate, CertificateNotUsable, CannotListen.</exception>
    public static async Task<ImgapiServer> Start(ImgapiSettings settings, JsonLog log, TimeProvider? clock = null)
    {
        clock ??= TimeProvider.System;
        var certificate = settings.Certificate is null ? null : Certificate(settings.Certificate, settings.CertificateKey);
        var images = ImageRepository.Open(new StorePaths(Path.GetFullPath(settings.Data)), text => log.Warn(text));
        MirrorSource? mirror = null;
        FileEndpoints? files = null;
        WebApplication? app = null;
        try
        {
            var keys = ApiKeys.Open(images.Paths.Keys, out bool isNew);
            var metrics = new Metrics(clock);
            mirror = settings.Mirror is { } source ? new MirrorSource(images, source, settings, clock, text => log.Warn(text)) : null;
            var manifests = new ImageEndpoints(images, settings, mirror, clock);
            files = new FileEndpoints(images, manifests, settings, mirror);
            var gate = new RequestGate(new Routes(images, manifests, files, settings, metrics, mirror), keys, metrics, log, clock);
            app = Build(settings, certificate, log);
            app.Run(gate.Handle);
            await app.StartAsync().ConfigureAwait(false);
            return new ImgapiServer(app, images, mirror, files, settings, isNew);
        }
        catch (Exception e)
        {
            if (app is not null)
            {
                await app.DisposeAsync().ConfigureAwait(false);
            }
            files?.Dispose();
            mirror?.Dispose();
            images.Dispose();
            throw e is IOException or System.Net.Sockets.SocketException
                ? new LumosException("CannotListen", $"cannot listen on {settings.Address?.ToString() ?? "*"} port {settings.Port}", inner: e)
                : e;
        }
    }

    /// <summary>Takes no more requests; those under way have the time that the settings give.</summary>
    public Task Stop() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        _mirror?.Dispose();
        _files.Dispose();
        _images.Dispose();
    }

    private static WebApplication Build(ImgapiSettings settings, X509Certificate2? certificate, JsonLog log)
    {
        // The empty builder: no configuration from files or the environment, which would change what the settings say.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        _ = builder.Services.AddSingleton<IHostLifetime, NoLifetime>().Configure<HostOptions>(o => o.ShutdownTimeout = settings.Grace);
        _ = builder.Logging.AddProvider(new KestrelLog(log));
        _ = builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = settings.MostConnections;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
            kestrel.Limits.MaxRequestBodySize = 1 << 20; // uploads ask for more
            void Protocols(ListenOptions listen)
            {
                listen.Protocols = HttpProtocols.Http1;
                if (certificate is not null)
                {
                    _ = listen.UseHttps(certificate);
                }
            }
            if (settings.Address is { } address)
            {
                kestrel.Listen(address, settings.Port, Protocols);
            }
            else
            {
                kestrel.ListenAnyIP(settings.Port, Protocols);
            }
        });
        return builder.Build();
    }

    private static X509Certificate2 Certificate(string file, string? keyFile)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(file, keyFile);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new LumosException("CertificateNotUsable", $"no certificate with its key in {file}{(keyFile is null ? "" : $" and {keyFile}")}", inner: e);
        }
    }

    /// <summary>Signals are for whoever started the server.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
